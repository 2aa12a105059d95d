import { languageOf, type Language } from './language.js';
import { synonymsBy } from './synonyms.js';
import { fold, isPair, wordsOf } from './words.js';

/** A word of the question that an answer has to speak of. */
export interface Term {
  readonly stem: string;
  readonly word: string;
  readonly synonyms: ReadonlySet<string>;
  /** How much an answer without it misses, from 0; names and numbers most, verbs of asking least. */
  readonly weight: number;
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
  /** What was counted ("how many **spokes**"). */
  readonly counted?: string;
  stem(word: string): string;
}

// Words that carry a question rather than what it is about.
const SCAFFOLD = new Set(
  (
    'need needs needed use used uses using get gets getting got make makes do does done happen happens happened work works ' +
    'working mean means meant way ways thing things something anything everything kind kinds sort sorts type types ' +
    'many much long often far people someone anyone person somebody tell tells give gives given call called go goes going ' +
    'come comes put puts take takes taken keep know find found want wants look looks like see say says ask try good best better well ' +
    'different able possible please exactly actually usually ever still also just really explain describe show ' +
    'one ones first new let lets long enough within without must allowed supposed recommended available ' +
    'example information detail details say said stand stands think regarding concerning per'
  ).split(' '),
);

const EXPECTATIONS: readonly (readonly [Expectation, RegExp])[] = [
  [
    'temperature',
    /\bhow (?:hot|cold|warm)\b|\btemperature\b|\btemperatur\b|\btempérature\b|\btemperatura\b/iu,
  ],
  [
    'money',
    /\bhow much (?:does|do|did|is|are|will|would)\b.*\b(?:cost|costs|paid|pay|charge|fee)\b|\b(?:what|which)\b.{0,30}\b(?:price|cost|fee)\b/iu,
  ],
  [
    'duration',
    /\bhow (?:long|soon|late|old)\b|\bwie lange\b|\bcombien de temps\b|\bcuánto tiempo\b|\bquanto tempo\b/iu,
  ],
  [
    'number',
    /\bhow (?:many|much|often|far|big|large|tall|high|heavy|deep|wide|thick|fast|quickly|frequently)\b|\bwhat (?:percentage|number|amount|share|proportion)\b|\bwie (?:viel|viele|oft|hoch|weit|schwer|tief)\b|\bcombien\b|\bcu[áa]nt[oa]s?\b|\bquant[oiae]\b|\bhoeveel\b|\bсколько\b|いくつ|何(?:分|度|時間|日|人|個|回|グラム|枚|本|年|キロ)|どのくらい|多少|几/iu,
  ],
  [
    'time',
    /^\s*(?:\S+\s+){0,2}when\b|\bwhat (?:time|date|day|year|month)\b|\b(?:in|on) (?:which|what) (?:year|day|month|date)\b|^\s*(?:ab |bis |seit )?wann\b|\bum wie viel uhr\b|^\s*(?:à partir de |depuis )?quand\b|^\s*¿?\s*(?:desde )?cuándo\b|^\s*quando\b|^\s*когда\b|いつ|何時|什么时候/iu,
  ],
  [
    'person',
    /^\s*(?:by |to |from |with )?who(?:m|se)?\b|^\s*wer\b|^\s*qui\b(?! est-ce que)|^\s*¿?\s*quién(?:es)?\b|^\s*chi\b|誰|谁/iu,
  ],
];

const WANTS_BLOCK =
  /^\s*how (?:do|does|can|should|to|would|is|are)\b|\bsteps?\b|\bwhich .*s\b|\bwhat (?:are|steps|things|ingredients)\b|\blist\b|^\s*wie\b|^\s*comment\b|^\s*¿?\s*cómo\b|^\s*come\b|どうやって|方法|如何/iu;

/** Takes a question apart; `context` is text of the passages, which settles the language of a short question. */
export function parseQuestion(text: string, context: string): Question {
  const words = wordsOf(text);
  const lower = words.map((word) => word.toLowerCase().replaceAll('’', "'"));
  const language = languageOf(lower, wordsOf(context.slice(0, 4000).toLowerCase()));
  const cache = new Map<string, string>();
  const stem = (word: string): string => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    // Identifiers and numbers have no endings to lose.
    const plain = word.toLowerCase();
    const stemmed =
      isPair(plain) || /\p{N}/u.test(plain) ? fold(plain) : fold(language.stem(fold(plain)));
    cache.set(word, stemmed);
    return stemmed;
  };
  const synonyms = language.tag === 'en' ? synonymsBy(stem) : new Map<string, Set<string>>();

  const terms = new Map<string, Term>();
  const neighbours: [string, string][] = [];
  let previous: string | undefined;
  words.forEach((word, at) => {
    const low = lower[at] ?? word;
    if (
      language.functionWords.has(low) ||
      language.functionWords.has(fold(low)) ||
      isKanaOnly(word) ||
      (low.length === 1 && !isPair(word) && !/\p{N}/u.test(word))
    ) {
      previous = undefined;
      return;
    }
    const key = stem(word);
    if (previous !== undefined) neighbours.push([previous, key]);
    previous = key;
    if (!terms.has(key)) {
      terms.set(key, {
        stem: key,
        word: low,
        synonyms: synonyms.get(key) ?? new Set(),
        weight: weightOf(word, at, language, low),
      });
    }
  });

  const expects = EXPECTATIONS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'open';
  const counted = /\bhow many\s+([\p{L}-]+)/iu.exec(text)?.[1];
  return {
    language,
    terms: [...terms.values()],
    neighbours,
    expects,
    wantsBlock: WANTS_BLOCK.test(text),
    ...(counted === undefined ? {} : { counted: stem(counted) }),
    stem,
  };
}

function weightOf(word: string, at: number, language: Language, lower: string): number {
  if (language.tag === 'en' && SCAFFOLD.has(lower)) return 0.35;
  if (isPair(word)) return 1;
  // German writes every noun large.
  const named = language.tag !== 'de' && at > 0 && /^\p{Lu}/u.test(word);
  return named || /\p{N}/u.test(word) || /^\p{Lu}{2,}/u.test(word) ? 1.5 : 1;
}

// Particles and endings of Japanese: pairs of hiragana say little about what is asked.
function isKanaOnly(word: string): boolean {
  return /^[\p{Script=Hiragana}]+$/u.test(word);
}
