//! Countries and languages by their names: films carry their codes.
//!
//! The tables have the English names of those that catalogues of films name; a name that is missing
//! here is refused, and can be replaced by its code.

use events::text::plain;

use super::cell::shown;

/// A country's code, from the code itself or a name; of several, with commas or bars between them, the
/// first is the main one.
pub(super) fn country(text: &str) -> Result<String, String> {
    let first = first(text);
    if first.len() == 2 && first.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        // What people write for GB, which is what the code is.
        return Ok(if first.eq_ignore_ascii_case("uk") { "GB" } else { first }.to_owned());
    }
    find(COUNTRIES, first).ok_or_else(|| {
        format!("{} is no country that is known by name: write its code, such as JP", shown(text))
    })
}

/// A language's tag, from the tag itself or a name; of several the first.
pub(super) fn language(text: &str) -> Result<String, String> {
    let first = first(text);
    let primary = first.split('-').next().unwrap_or_default();
    if (2..=3).contains(&primary.len())
        && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Ok(first.to_owned());
    }
    find(LANGUAGES, first).ok_or_else(|| {
        format!("{} is no language that is known by name: write its tag, such as ja", shown(text))
    })
}

fn first(text: &str) -> &str {
    let mut parts = text.split(['|', ';', ',', '/']).map(str::trim);
    parts.find(|part| !part.is_empty()).unwrap_or_default()
}

/// The code of a name in a table whose lines are `code: name, name`.
fn find(table: &str, name: &str) -> Option<String> {
    let name = plain(name).replace('.', "");
    let name = name.strip_prefix("the ").unwrap_or(&name);
    table.lines().find_map(|line| {
        let (code, names) = line.split_once(": ")?;
        names.split(", ").any(|known| known == name).then(|| code.to_owned())
    })
}

const COUNTRIES: &str = "\
AE: united arab emirates, uae, are
AF: afghanistan, afg
AL: albania, alb
AM: armenia, arm
AO: angola
AR: argentina, arg
AT: austria, aut
AU: australia, aus
AZ: azerbaijan
BA: bosnia and herzegovina, bosnia, bih
BD: bangladesh, bgd
BE: belgium, bel
BF: burkina faso
BG: bulgaria, bgr
BO: bolivia
BR: brazil, bra
BS: bahamas
BT: bhutan
BW: botswana
BY: belarus, blr
CA: canada, can
CD: democratic republic of the congo, democratic republic of congo
CH: switzerland, che
CI: ivory coast, cote d'ivoire
CL: chile, chl
CM: cameroon
CN: china, chn, people's republic of china
CO: colombia, col
CR: costa rica
CU: cuba, cub
CY: cyprus
CZ: czech republic, czechia, cze
DE: germany, deu, ger
DK: denmark, dnk
DO: dominican republic
DZ: algeria, dza
EC: ecuador
EE: estonia, est
EG: egypt, egy
ES: spain, esp
ET: ethiopia
FI: finland, fin
FR: france, fra
GB: united kingdom, great britain, gbr, england, scotland, wales
GE: georgia
GH: ghana
GR: greece, grc
GT: guatemala
HK: hong kong, hkg
HN: honduras
HR: croatia, hrv
HT: haiti
HU: hungary, hun
ID: indonesia, idn
IE: ireland, irl
IL: israel, isr
IN: india, ind
IQ: iraq
IR: iran, irn, islamic republic of iran
IS: iceland, isl
IT: italy, ita
JM: jamaica
JO: jordan
JP: japan, jpn
KE: kenya
KG: kyrgyzstan
KH: cambodia
KP: north korea
KR: south korea, korea, republic of korea, kor
KW: kuwait
KZ: kazakhstan
LA: laos
LB: lebanon, lbn
LI: liechtenstein
LK: sri lanka
LT: lithuania, ltu
LU: luxembourg, lux
LV: latvia, lva
LY: libya
MA: morocco, mar
MC: monaco
MD: moldova
ME: montenegro
MG: madagascar
MK: north macedonia, macedonia
ML: mali
MM: myanmar, burma
MN: mongolia
MO: macao, macau
MT: malta
MX: mexico, mex
MY: malaysia, mys
MZ: mozambique
NA: namibia
NG: nigeria, nga
NI: nicaragua
NL: netherlands, nld, holland
NO: norway, nor
NP: nepal
NZ: new zealand, nzl
PA: panama
PE: peru, per
PH: philippines, phl
PK: pakistan, pak
PL: poland, pol
PR: puerto rico
PS: palestine, palestinian territory, occupied palestinian territory
PT: portugal, prt
PY: paraguay
QA: qatar
RO: romania, rou
RS: serbia, srb
RU: russia, russian federation, rus
RW: rwanda
SA: saudi arabia, sau
SE: sweden, swe
SG: singapore, sgp
SI: slovenia, svn
SK: slovakia, svk
SN: senegal
SY: syria
TH: thailand, tha
TJ: tajikistan
TN: tunisia, tun
TR: turkey, turkiye, tur
TT: trinidad and tobago
TW: taiwan, twn
TZ: tanzania
UA: ukraine, ukr
UG: uganda
US: united states, united states of america, usa
UY: uruguay, ury
UZ: uzbekistan
VE: venezuela, ven
VN: vietnam, vnm
ZA: south africa, zaf
ZM: zambia
ZW: zimbabwe
";

const LANGUAGES: &str = "\
af: afrikaans
am: amharic
ar: arabic
az: azerbaijani
be: belarusian
bg: bulgarian
bn: bengali, bangla
bo: tibetan
bs: bosnian
ca: catalan
cmn: mandarin
cs: czech
cy: welsh
da: danish
de: german, deutsch
el: greek
en: english
eo: esperanto
es: spanish, castilian, espanol
et: estonian
eu: basque
fa: persian, farsi
fi: finnish
fr: french, francais
ga: irish, irish gaelic
gl: galician
he: hebrew
hi: hindi
hr: croatian
hu: hungarian
hy: armenian
id: indonesian
is: icelandic
it: italian, italiano
ja: japanese
ka: georgian
kk: kazakh
km: khmer, central khmer
kn: kannada
ko: korean
ku: kurdish
la: latin
lt: lithuanian
lv: latvian
mk: macedonian
ml: malayalam
mn: mongolian
mr: marathi
ms: malay
nb: norwegian bokmal
ne: nepali
nl: dutch, flemish
no: norwegian
pa: punjabi, panjabi
pl: polish
ps: pashto, pushto
pt: portuguese, portugues
ro: romanian
ru: russian
sa: sanskrit
si: sinhala, sinhalese
sk: slovak
sl: slovenian, slovene
sq: albanian
sr: serbian
sv: swedish
sw: swahili
ta: tamil
te: telugu
th: thai
tl: tagalog, filipino
tr: turkish
uk: ukrainian
ur: urdu
uz: uzbek
vi: vietnamese
wo: wolof
yi: yiddish
yue: cantonese
zh: chinese
zu: zulu
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_code_and_by_name() {
        for text in ["GB", "UK", "United Kingdom", "England, USA", "the United Kingdom"] {
            assert_eq!(country(text), Ok("GB".to_owned()), "{text}");
        }
        assert_eq!(country("U.S.A."), Ok("US".to_owned()));
        assert!(country("Ruritania").unwrap_err().contains("“Ruritania” is no country"));
    }

    #[test]
    fn languages_are_known_by_tag_and_by_name() {
        assert_eq!(language("pt-BR"), Ok("pt-BR".to_owned()));
        assert_eq!(language("English|French"), Ok("en".to_owned()));
        assert_eq!(language("Français"), Ok("fr".to_owned()));
        assert!(language("Klingonese").is_err());
    }

    #[test]
    fn the_tables_are_written_as_they_are_looked_up() {
        for line in COUNTRIES.lines().chain(LANGUAGES.lines()) {
            let (_, names) = line.split_once(": ").unwrap();
            for name in names.split(", ") {
                assert_eq!(plain(name), name);
            }
        }
    }
}
