"""Countries, regions and large bodies with the forms that stand for them: Poland, Polish, Poles.

In: a word key or a text. Out: one canonical key for all forms. Cities that stand for governments are not here:
a brief may name them only where the article does.
"""

from __future__ import annotations

import re

_FORMS = """
afghanistan afghan afghans|albania albanian albanians|algeria algerian algerians|angola angolan angolans
argentina argentine argentinian argentines argentinians|armenia armenian armenians|australia australian australians
austria austrian austrians|azerbaijan azerbaijani azeri azerbaijanis|bahrain bahraini bahrainis
bangladesh bangladeshi bangladeshis
barbados barbadian barbadians|belarus belarusian belarusians|belgium belgian belgians|benin beninese|bhutan bhutanese
bolivia bolivian bolivians|bosnia bosnian bosnians|botswana motswana batswana|brazil brazilian brazilians
bulgaria bulgarian bulgarians
burundi burundian|cambodia cambodian cambodians|cameroon cameroonian|canada canadian canadians|chad chadian
chile chilean chileans
china chinese|colombia colombian colombians|congo congolese|croatia croatian croats croat|cuba cuban cubans
cyprus cypriot cypriots
czechia czech czechs|denmark danish danes dane|ecuador ecuadorian ecuadorean|egypt egyptian egyptians|eritrea eritrean
estonia estonian estonians|ethiopia ethiopian ethiopians|fiji fijian fijians|finland finnish finns finn
france french frenchman frenchmen frenchwoman
gabon gabonese|gambia gambian|georgia georgian georgians|germany german germans|ghana ghanaian ghanaians
greece greek greeks
greenland greenlandic greenlander greenlanders|guatemala guatemalan|guinea guinean|guyana guyanese
haiti haitian haitians
honduras honduran|hungary hungarian hungarians|iceland icelandic icelanders icelander|india indian indians
indonesia indonesian indonesians
iran iranian iranians|iraq iraqi iraqis|ireland irish irishman|israel israeli israelis|italy italian italians
jamaica jamaican jamaicans
japan japanese|jordan jordanian jordanians|kazakhstan kazakh kazakhs kazakhstani|kenya kenyan kenyans
korea korean koreans
kosovo kosovar kosovars|kuwait kuwaiti kuwaitis|kyrgyzstan kyrgyz|laos lao laotian|latvia latvian latvians
lebanon lebanese
liberia liberian|libya libyan libyans|lithuania lithuanian lithuanians|luxembourg luxembourgish|macedonia macedonian
madagascar malagasy|malawi malawian malawians|malaysia malaysian malaysians|maldives maldivian|mali malian|malta maltese
mauritius mauritian|mexico mexican mexicans|moldova moldovan moldovans|mongolia mongolian mongolians
montenegro montenegrin
morocco moroccan moroccans|mozambique mozambican mozambicans|myanmar burma burmese|namibia namibian namibians
nepal nepalese nepali
netherlands dutch dutchman|nicaragua nicaraguan|niger nigerien|nigeria nigerian nigerians|norway norwegian norwegians
oman omani omanis
pakistan pakistani pakistanis|palestine palestinian palestinians|panama panamanian panamanians|paraguay paraguayan
peru peruvian peruvians
philippines philippine filipino filipinos filipina|poland polish poles pole|portugal portuguese|qatar qatari qataris
romania romanian romanians|russia russian russians|rwanda rwandan rwandans|samoa samoan|scotland scottish scots scot
senegal senegalese
serbia serbian serbs serb|singapore singaporean singaporeans|slovakia slovak slovaks slovakian
slovenia slovenian slovenes slovene
somalia somali somalis|spain spanish spaniard spaniards|sudan sudanese|sweden swedish swedes swede|switzerland swiss
syria syrian syrians
taiwan taiwanese|tajikistan tajik tajiks|tanzania tanzanian tanzanians|thailand thai thais|tibet tibetan tibetans
togo togolese
tunisia tunisian tunisians|turkey turkish turks turk turkiye|turkmenistan turkmen|uganda ugandan ugandans
ukraine ukrainian ukrainians
uruguay uruguayan uruguayans|uzbekistan uzbek uzbeks|venezuela venezuelan venezuelans|vietnam vietnamese|wales welsh
yemen yemeni yemenis
zambia zambian zambians|zimbabwe zimbabwean zimbabweans|africa african africans|asia asian asians
europe european europeans
arabia arabian|zealand zealander zealanders|lanka lankan lankans|rica rican ricans|leone leonean|arab arabs
balkans balkan
caribbean caribbeans|scandinavia scandinavian scandinavians|antarctica antarctic|arctic|siberia siberian
catalonia catalan catalans
bavaria bavarian|texas texan texans|california californian californians|hawaii hawaiian|sicily sicilian
kurdistan kurdish kurds kurd
flanders flemish|basque basques|andes andean|sahara saharan|himalayas himalayan himalaya|alps alpine|mediterranean
atlantic|pacific|baltic baltics
latin|venice venetian venetians|rome roman|paris parisian parisians|london londoner londoners
berlin berliner berliners|faroes faroese
emirates emirati emiratis|mars martian|moon lunar|sun solar|earth
"""
COUNTRY = {
    form: words.split()[0]
    for line in _FORMS.strip().splitlines()
    for words in line.split("|")
    for form in words.split()
}

# Phrases that are one name. "North American" says nothing of the United States.
_PHRASES = (
    (re.compile(r"\b(?:Latin|North|South|Central) America(?:ns?)?\b"), "america-continent"),
    (
        re.compile(r"\b(?:the )?(?:United States(?: of America)?|U\.S\.A?\.?|USA?|Americans?|America)(?![\w$])"),
        "united-states",
    ),
    (
        re.compile(r"\b(?:United Kingdom|U\.K\.|UK|Great Britain|Britain|British|Britons?|Brits)(?!\w)"),
        "united-kingdom",
    ),
    (re.compile(r"\b(?:European Union|E\.U\.|EU)(?!\w)"), "european-union"),
    (re.compile(r"\b(?:United Nations|U\.N\.|UN)(?!\w)"), "united-nations"),
    (re.compile(r"\b(?:Viet Nam|Vietnam)\b"), "vietnam"),
    (re.compile(r"\b(?:United Arab Emirates|U\.A\.E\.|UAE|Emiratis?)(?!\w)"), "emirates"),
    (re.compile(r"\b(?:World Health Organi[sz]ation|WHO)\b"), "who"),
    (re.compile(r"\b(?:North Atlantic Treaty Organi[sz]ation|NATO|Nato)\b"), "nato"),
    (re.compile(r"\b(?:International Monetary Fund|IMF)\b"), "imf"),
    (re.compile(r"\b(?:World Trade Organi[sz]ation|WTO)\b"), "wto"),
    (re.compile(r"\b(?:European Space Agency|ESA)\b"), "esa"),
    (re.compile(r"\b(?:Soviet Union|U\.S\.S\.R\.|USSR|Soviet|Soviets)(?!\w)"), "ussr"),
)
CANONICAL = frozenset(name for _, name in _PHRASES) | frozenset(COUNTRY.values())


def phrases(text: str) -> list[tuple[int, int, str]]:
    """(start, end, canonical key) of names that have several forms, in order, not overlapping."""
    found: list[tuple[int, int, str]] = []
    for pattern, name in _PHRASES:
        for m in pattern.finditer(text):
            if not any(s < m.end() and m.start() < e for s, e, _ in found):
                found.append((m.start(), m.end(), name))
    return sorted(found)
