"""Analyst Brief: an article goes in, an analyst brief comes out; no sentence leaves without a source.

config = load_config()
with open_model("house") as model:
    brief = write_brief(ingest_file("article.txt"), config.panel("space"), model, config=config)
print(render(brief, "text"))
"""

from summarizer.archive import Archive, keep_article, prepare_archive, transaction
from summarizer.config import Config, data_dir, load_config
from summarizer.errors import (
    BadRequest,
    BriefError,
    Cancelled,
    ConfigError,
    ContextTooSmall,
    EmptyInput,
    InputError,
    ModelError,
    NoSpace,
    NotEnglish,
    NotFound,
    NotText,
    RemoteError,
    TooLarge,
    TooShort,
    UnknownName,
    UnsupportedModel,
    WeightsCorrupt,
    WeightsUnavailable,
)
from summarizer.ingest import MAX_BYTES, ingest_bytes, ingest_file, ingest_text, ingest_url
from summarizer.models import Model, ScriptedModel, list_models, open_model, pull
from summarizer.pipeline import write_brief
from summarizer.render import FORMATS, brief_from_dict, brief_to_dict, render
from summarizer.types import Article, Brief, Options, Panel, Past, PastArticle, Progress, Stop, Watch

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Archive",
    "Article",
    "BadRequest",
    "Brief",
    "BriefError",
    "Cancelled",
    "Config",
    "ConfigError",
    "ContextTooSmall",
    "EmptyInput",
    "InputError",
    "Model",
    "ModelError",
    "NoSpace",
    "NotEnglish",
    "NotFound",
    "NotText",
    "Options",
    "Panel",
    "Past",
    "PastArticle",
    "Progress",
    "RemoteError",
    "ScriptedModel",
    "Stop",
    "TooLarge",
    "TooShort",
    "UnknownName",
    "UnsupportedModel",
    "Watch",
    "WeightsCorrupt",
    "WeightsUnavailable",
    "brief_from_dict",
    "brief_to_dict",
    "data_dir",
    "ingest_bytes",
    "ingest_file",
    "ingest_text",
    "ingest_url",
    "keep_article",
    "list_models",
    "load_config",
    "open_model",
    "prepare_archive",
    "pull",
    "render",
    "transaction",
    "write_brief",
]
