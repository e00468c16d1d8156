"""What `summarizer/verify.py` checks a statement with: exact locks, and an estimate of its support.

In: texts, and a Source made once from a Reading or from records. Out: findings and support. Nothing is rewritten,
chosen or published here, and no model is asked.
"""
