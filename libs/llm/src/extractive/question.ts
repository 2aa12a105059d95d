import { languageOf, type Language } from './language.js';
import { synonymsBy } from './synonyms.js';
import { ATTRIBUTES, SCAFFOLD } from './vocabulary.js';
import { dictionaryWordsOf, fold, isUnspaced, wordsOf } from './words.js';

/** A word of the question that an answer has to speak of. */
export interface Term {
  /** As it stands in the question, folded. */
  readonly word: string;
  readonly stem: string;
  readonly synonyms: ReadonlySet<string>;
  /** How much an answer without it misses, from 0; names and numbers most, verbs of asking least. */
  readonly weight: number;
  /** Of a script without spaces: found as a part of the text rather than as a word. */
  readonly unspaced: boolean;
  /** It names the kind of thing expected, so that a thing of that kind stands for it ("cost": 5 EUR). */
  readonly attribute: boolean;
}

/** What kind of thing answers the question. */
export type Expectation =
  'number' | 'time' | 'temperature' | 'money' | 'duration' | 'person' | 'open';

export interface Question {
  readonly language: Language;
  readonly terms: readonly Term[];
  /** Stems that stand side by side in the question. */
  readonly neighbours: readonly (readonly [string, string])[];
  readonly expects: Expectation;
  /** Asks for steps or a list: the answer is a block rather than a sentence. */
  readonly wantsBlock: boolean;
  /** Stems of what is counted ("how many spare spokes"), and of its synonyms. */
  readonly counted?: readonly string[];
  stem(word: string): string;
  /** The word, folded, and its stem. */
  read(word: string): { readonly word: string; readonly stem: string };
}

const SCAFFOLD_WEIGHT = 0.35;

const NUMERIC =
  'port|version|size|weight|height|age|speed|length|distance|rate|pressure|population|capacity|frequency|score|timeout|percentage|number|amount|share|proportion|ratio|torque|depth|width';

const EXPECTATIONS: readonly (readonly [Expectation, RegExp])[] = [
  [
    'temperature',
    /\bhow (?:hot|cold|warm)\b|\btemperature\b|\btemperatur\b|\btempérature\b|\btemperatura\b|多少度|何度/iu,
  ],
  [
    'money',
    /\bhow much\b.*\b(?:costs?|paid|pay|charged?|fees?|price|money|spend)\b|\bwhat\b.{0,40}\bcosts?\b|\b(?:what|which)\b.{0,30}\b(?:price|cost|fee|salary)\b|\bwie ?viel\b.*\bkoste|\bwas kostet|\bcombien\b.*\bcoût|\bcu[áa]nto cuesta|多少钱|いくら/iu,
  ],
  [
    'duration',
    /\bhow (?:long|soon|late|old|early)\b|\bwie lange\b|\bcombien de temps\b|\bcuánto tiempo\b|\bquanto tempo\b|\bhoe lang\b|多久|多长时间/iu,
  ],
  [
    'number',
    new RegExp(
      `\\bhow (?:many|much|often|far|big|large|tall|high|heavy|deep|wide|thick|fast|quickly|frequently)\\b|\\b(?:what|which)(?: is)?(?: the)? (?:\\p{L}+ )?(?:${NUMERIC})\\b|\\bwie (?:viel|viele|oft|hoch|weit|schwer|tief|groß)\\b|\\bcombien\\b|\\bcu[áa]nt[oa]s?\\b|\\bquant[oiae]s?\\b|\\bhoeveel\\b|\\bсколько\\b|いくつ|何(?:分|時間|人|個|回|グラム|枚|本|キロ)|どのくらい|多少|几(?!点)`,
      'iu',
    ),
  ],
  [
    'time',
    /^\s*(?:\S+\s+){0,2}when\b|\bwhat (?:time|date|day|year|month|century)\b|\b(?:in|on) (?:which|what) (?:year|day|month|date|century)\b|^\s*(?:ab |bis |seit )?wann\b|\bum wie viel uhr\b|^\s*(?:à partir de |depuis )?quand\b|\bquelle heure\b|\bqué hora\b|^\s*¿?\s*(?:desde )?cuándo\b|^\s*quando\b|^\s*когда\b|いつ|何時|何曜日|何日|什么时候|几点|何时/iu,
  ],
  [
    'person',
    /^\s*(?:by |to |from |with )?who(?:m|se)?\b|^\s*wer\b|^\s*qui\b(?! est-ce que)|^\s*¿?\s*quién(?:es)?\b|^\s*chi\b|誰|谁/iu,
  ],
];

const WANTS_BLOCK =
  /^\s*how (?:do|does|can|should|to|would)\b|\bsteps?\b|\bwhat (?:are|steps|things|ingredients)\b|\bwhat (?:should|can|do|must) (?:i|we|you) do\b|^\s*list\b|^\s*wie (?:kann|mache|geht|wird|werden|soll)\b|^\s*comment\b|^\s*¿?\s*cómo\b|^\s*come\b|どうやって|方法|如何|怎么/iu;

/** Takes a question apart; `context` is text of the passages, which settles the language of a short question. */
export function parseQuestion(text: string, context: string): Question {
  const words = dictionaryWordsOf(text);
  const lower = words.map((word) => word.toLowerCase().replaceAll('’', "'"));
  const language = languageOf(lower, wordsOf(context.slice(0, 4000).toLowerCase()));
  const read = readerOf(language);
  const stem = (word: string): string => read(word).stem;
  const synonyms = language.tag === 'en' ? synonymsBy(stem) : new Map<string, Set<string>>();
  const expects = EXPECTATIONS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'open';
  const scaffold = SCAFFOLD[language.tag];
  const attributes = ATTRIBUTES[expects];
  const scaffoldStems = new Set([...(scaffold ?? [])].map(stem));

  const terms = new Map<string, Term>();
  const neighbours: [string, string][] = [];
  let previous: string | undefined;
  words.forEach((word, at) => {
    const low = lower[at] ?? word;
    const unspaced = isUnspaced(word);
    const bare = low.replace(/^(?:[cdjlmnst]|qu)'/u, '');
    if (
      language.functionWords.has(low) ||
      language.functionWords.has(bare) ||
      (bare.length === 1 && !unspaced && !/\p{N}/u.test(bare)) ||
      (unspaced && scaffold?.has(low))
    ) {
      previous = undefined;
      return;
    }
    const key = stem(language.tag === 'fr' || language.tag === 'it' ? bare : low);
    if (previous !== undefined) neighbours.push([previous, key]);
    previous = key;
    if (terms.has(key)) return;
    const attribute = attributes?.has(low) ?? false;
    terms.set(key, {
      word: fold(low),
      stem: key,
      synonyms: synonyms.get(key) ?? new Set(),
      weight:
        scaffoldStems.has(key) && !attribute
          ? SCAFFOLD_WEIGHT
          : weightOf(word, at, language, unspaced),
      unspaced,
      attribute,
    });
  });

  const counted = /\bhow many\s+([\p{L}-]+)(?:\s+([\p{L}-]+))?/iu
    .exec(text)
    ?.slice(1)
    .filter((word) => word !== undefined && !language.functionWords.has(word.toLowerCase()))
    .flatMap((word) => [stem(word), ...(synonyms.get(stem(word)) ?? [])]);
  return {
    language,
    terms: [...terms.values()],
    neighbours,
    expects,
    wantsBlock: WANTS_BLOCK.test(text),
    ...(counted === undefined ? {} : { counted }),
    stem,
    read,
  };
}

/** A word as it is compared. */
interface ReadWord {
  readonly word: string;
  readonly stem: string;
}

// A passage repeats its words, and taking one apart costs more than looking it up.
function readerOf(language: Language): (word: string) => ReadWord {
  const cache = new Map<string, ReadWord>();
  return (word) => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const plain = word.toLowerCase();
    const folded = fold(plain);
    // Identifiers and numbers have no endings to lose.
    const stem =
      isUnspaced(plain) || /\p{N}/u.test(plain)
        ? folded
        : fold(language.stem(plain.replace(/['’]s$|^(?:[cdjlmnst]|qu)['’]/gu, '')));
    const read = { word: folded, stem };
    cache.set(word, read);
    return read;
  };
}

function weightOf(word: string, at: number, language: Language, unspaced: boolean): number {
  if (unspaced) return [...word].length === 1 ? 0.5 : 1;
  // German writes every noun large.
  const named = language.tag !== 'de' && at > 0 && /^\p{Lu}/u.test(word);
  return named || /\p{N}/u.test(word) || /^\p{Lu}{2,}/u.test(word) ? 1.5 : 1;
}
