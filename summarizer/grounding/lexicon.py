"""Word tables that the checks share. Lower case, without accents; nothing is computed here but sets."""

from __future__ import annotations

from functools import cache
from importlib import resources

from summarizer.words import stem

MONTHS = {
    name: n
    for n, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep"
        "|october oct|november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())

HONORIFICS = frozenset("mr mrs ms miss mx dr prof sir dame lord lady madam mme herr frau don rev fr sr st".split())
MALE, FEMALE = frozenset({"mr", "sir", "lord", "herr"}), frozenset({"mrs", "ms", "miss", "dame", "lady", "mme", "frau"})

# Heads of phrases that say what somebody is.
ROLES = frozenset(
    """director chairman chairwoman chair chairperson chief president vice-president minister secretary manager
    governor mayor ambassador commissioner colonel general captain major admiral lieutenant commander sergeant
    inspector judge justice prosecutor attorney lawyer solicitor barrister counsel spokesman spokeswoman spokesperson
    head leader founder co-founder owner partner analyst researcher scientist engineer professor lecturer economist
    doctor physician surgeon nurse teacher farmer fisherman grower student deputy senator representative congressman
    congresswoman councillor alderman official officer executive ceo cfo cto editor journalist reporter commentator
    author writer artist architect designer curator coach trainer player striker goalkeeper pilot astronaut driver
    skipper adviser advisor consultant coordinator chancellor premier king queen prince princess emperor bishop
    archbishop pope cardinal priest rector dean provost principal headteacher superintendent administrator
    controller treasurer accountant auditor actuary trader broker banker investor fellow member delegate envoy
    negotiator observer regulator ombudsman magistrate clerk registrar trustee steward organiser organizer
    campaigner activist technician mechanic biologist chemist physicist geologist astronomer epidemiologist
    virologist historian sociologist psychologist statistician agronomist veterinarian vet pharmacist
    midwife paramedic firefighter inventor entrepreneur developer programmer supervisor foreman captain collector
    warden ranger shopkeeper baker butcher mediator arbitrator rapporteur undersecretary co-director
    co-chair conductor soprano tenor producer actor actress singer""".split()
)
TITLES = (
    ROLES
    | HONORIFICS
    | frozenset("director-general vice deputy acting former co prime foreign finance defence defense".split())
)

# Words in the names of bodies: a name that holds one belongs to no person.
BODIES = frozenset(
    """agency authority board bank bureau centre center council committee commission company corporation corp inc ltd
    limited plc gmbh ag sa group holding holdings institute institution university college school academy ministry
    department office organisation organization association society union federation party parliament congress senate
    assembly court tribunal chamber hospital clinic trust fund foundation club league team line lines airlines airways
    port harbour harbor airport station base hall house street road avenue park bay river lake sea island islands
    mountain county district province city town village systems technologies technology energy power motors industries
    laboratory laboratories lab museum library theatre gallery church programme program project mission treaty act code
    protocol agreement convention convoy forum conference festival prize award cup data service services police navy
    army
    force forces guard fleet star times post herald news daily network alliance coalition consortium partners capital
    exchange market supermarket stores foods farms growers cooperative north south east west northern southern eastern
    western upper lower new old great saint valley bridge dam canal gate tower plant mine works shipping marine maritime
    satellite telescope observatory rocket""".split()
)

SPEECH = frozenset(
    """say said says saying tell told tells add added adds warn warned warns argue argued argues claim claimed claims
    note noted notes state stated states declare declared announce announced announces explain explained explains
    insist insisted insists suggest suggested suggests stress stressed stresses emphasise emphasised emphasize
    emphasized emphasizes emphasises reply replied replies answer answered answers ask asked asks call called calls
    call describe described describes deny denied denies dispute disputed disputes point pointed points propose proposed
    proposes urge urged urges estimate estimated estimates predict predicted predicts expect expects expected believe
    believed believes think thinks thought put puts write wrote writes report reported reports recall recalled recalls
    reveal revealed reveals disclose disclosed discloses mention mentioned mentions highlight highlighted highlights
    concede conceded concedes admit admitted admits acknowledge acknowledged confirm confirmed confirms promise
    promised promises demand demanded demands caution cautioned cautions complain complained complains maintain
    maintained
    maintains comment commented hope hopes hoped fear fears feared object objected objects praise praised criticise
    criticised criticize criticized want wants wanted doubt doubts doubted""".split()
)

NEGATORS = frozenset(
    """not no never none nobody nothing neither nor without cannot n't hardly nowhere unable""".split()
)
# Words that say a "not" as plainly as "not" does.
DENIALS = frozenset(
    """deny denied denies denying refuse refused refuses refusing refusal decline declined declines declining fail
    failed fails
    failing failure lack lacks lacked lacking reject rejected rejects rejecting rejection cancel cancelled cancels
    absent absence
    missing exclude excluded excludes excluding excluded bar barred bars ban banned bans prohibit prohibited
    prohibits prevent
    prevents prevented forbid forbids forbidden unless except  disagree disagreed disagrees dispute disputed disputes
    doubt doubts doubted withheld withhold withholds unable unchanged impossible unlikely   hardly barely
    exempt spared stopped stops halted  """.split()
)
# Words that carry a "not" inside them: one of them in the evidence can answer for a "not" in the statement.
NEGATIVE = (
    NEGATORS
    | DENIALS
    | frozenset(
        """only yet few little fewer less instead rather beyond outside unpublished undisclosed unnamed unknown
    unclear undecided against
    lost lose loses halt halted silent avoid avoids avoided far ends ended oppose opposed opposes rare rarely stall
    stalled
    abandon abandoned ignore ignored dropped ineligible independent still open""".split()
    )
)

HEDGES = frozenset(
    """could may might would should likely unlikely possibly perhaps probably potentially presumably can appears appear
    appeared seems seem suggests suggest suggesting implies imply probable possible potential expected if unless
    whether depend
    depends tend tends risk risks threaten threatens promises need needs apparently watch must raises points leaves
    until
    remains""".split()
)
# A hedge strong enough to make a sentence an inference rather than a claim.
INFERENCE = frozenset(
    """could may might would should likely unlikely possibly perhaps probably potentially presumably appears appear
    seems seem
    suggests suggest implies imply can if unless""".split()
)

ANTONYMS: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        (
            "rise rises rose risen rising increase increases increased increasing grow grows grew grown "
            "growing gained climb climbs"
            " climbed climbing",
            "fall falls fell fallen falling decrease decreases decreased decreasing decline declines "
            "drop drops dropped shrink"
            " shrank shrunk",
        ),
        ("approve approves approved approval", "reject rejects rejected rejection"),
        ("accept accepts accepted", "reject rejects rejected refuse refuses refused"),
        ("win wins won winning winner", "lose loses lost losing loser"),
        ("higher", "lower"),
        ("up", "down"),
        ("largest biggest", "smallest"),
        ("highest", "lowest"),
        ("import imports imported", "export exports exported"),
        (
            "allow allows allowed permit permits permitted",
            "ban bans banned bar bars barred forbid forbids forbidden prohibit prohibits prohibited",
        ),
        ("support supports supported backs backed", "oppose opposes opposed"),
        ("confirm confirms confirmed", "deny denies denied"),
        ("guilty convicted", "acquitted innocent"),
        ("cheaper cheapest", "dearer dearest costlier costliest"),
        ("faster", "slower"),
        ("earlier", "later"),
        ("north northern", "south southern"),
        ("east eastern", "west western"),
        ("maximum", "minimum"),
        ("succeeded succeeds", "failed fails"),
        ("legal lawful", "illegal unlawful"),
        ("safe", "unsafe"),
        ("upheld uphold upholds", "overturned overturn overturns quashed"),
        ("majority", "minority"),
        ("hired", "dismissed fired"),
        ("raise raises raised", "cut cuts lowered reduce reduces reduced"),
    )
)

# Groups of words that news texts exchange freely: (stems are taken by the reader of this table).
SYNONYMS = tuple(
    tuple(group.split())
    for group in """company firm business|purchase buy acquire order|agree deal accord contract agreement|say tell state
    staff employee worker workforce|aircraft plane aeroplane jet|ship vessel boat|car vehicle|money fund funding finance
    cost price expense|farmer grower|doctor physician|court judge tribunal ruling|law rule regulation legislation act
    government state ministry|start begin launch open|end finish conclude close|show demonstrate prove|need require must
    reduce cut lower|rise increase grow climb|fall drop decline decrease|big large great|small little|help aid assist
    research study|test trial experiment|plan intend aim propose|aim objective goal purpose
    define describe explain tell|core key main central|supplier provider vendor|customer client buyer
    pupil student|jobs employment job post|house home|award grant give|delay postpone late|site location place
    union labour workers|storm gale|illness disease|medicine drug|fine penalty|error mistake fault|report account
    satellite spacecraft probe|flight fly|join enter|member participant|leave quit exit|income revenue earnings
    profit earnings
    power electricity energy|water sea|fishermen fishers fishing|school college university|hospital clinic
    soldier troop army military
    document paper file|collaboration cooperation partnership|gathering meeting assembly conference forum""".replace(
        "\n", "|"
    ).split("|")
)


@cache
def common_words() -> frozenset[str]:
    """Ordinary English words: a capital at the start of a sentence makes no name of them.

    The file holds the lower-case words of this project's own corpus, without the part kept back for checks
    (`python benchmarks/planted.py --words` makes it), and words added by hand.
    """
    text = resources.files("summarizer.grounding").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


@cache
def common_stems() -> frozenset[str]:
    return frozenset(stem(word) for word in common_words())
