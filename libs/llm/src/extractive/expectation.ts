import type { Expectation, Question } from './question.js';

const NUMBER_WORDS =
  'two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand|half|once|twice|' +
  'daily|weekly|monthly|hourly|yearly|annually|dozen|' +
  'zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|täglich|wöchentlich|' +
  'deux|trois|quatre|cinq|sept|huit|neuf|dix|douze|vingt|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|quattro|cinque';
const NUMBER = new RegExp(
  `(?<![\\p{L}\\p{N}])\\d[\\d.,:/–-]*\\s?(?:%|°|\\p{L}{0,8})|(?<![\\p{L}\\p{N}])(?:${NUMBER_WORDS})(?![\\p{L}\\p{N}])|[一二三四五六七八九十百千]+(?=[\\p{Script=Han}\\p{Script=Katakana}つ])`,
  'giu',
);
const TIME_UNIT =
  /\b(?:milliseconds?|seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|mins?|secs?|hrs?|ms|overnight|immediately|forever|until|sekunden?|minuten?|stunden?|tagen?|tag|tage|wochen?|monate?n?|jahre?n?|heures?|jours?|semaines?|mois|ans?|années?|horas?|días?|semanas?|mes(?:es)?|años?|ore|giorni|settiman[ae]|mesi|anni|dagen|uur|weken|maanden)\b|\d\s?(?:s|m|h|d)\b|秒|分|時間|日|週間|か月|年|小时|天|минут|час|дн|недел/iu;
const DATE =
  /\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|januar|februar|märz|april|mai|juni|juli|oktober|dezember|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|enero|febrero|marzo|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b|\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}\s?(?:am|pm|uhr)\b|o'clock|midnight|noon|morning|evening|spring|summer|autumn|winter|[月日時点點]|曜|星期/iu;
const WHEN =
  /\b(?:when|once|after|before|until|till|as soon as|whenever|during|while|at the (?:end|start|beginning)|every|each|if|by the|within|sobald|wenn|nachdem|bevor|vor|nach|lorsque|quand|après|avant|dès|cuando|después|antes|quando|dopo|prima)\b/iu;
const MONEY =
  /[€$£¥]|\b(?:eur|euros?|usd|dollars?|gbp|pounds?|pence|cents?|yen|francs?|chf|free)\b|無料|円|元/iu;
const DEGREE =
  /[一二三四五六七八九十百]度|\d\s?(?:°|º|degrees?\b|grad\b|degrés\b|grados\b|celsius|fahrenheit|c\b|f\b|k\b|度)|°/iu;
const PERSON =
  /\b(?:i|we|you|he|she|they|my|our|anyone|everyone|nobody|someone|people|person|team|manager|director|officer|head|owner|chair|president|founder|engineer|operator|admin(?:istrator)?s?|committee|board|staff|employee|member|guest|host|chef|author|department|office|desk|agency|company|group|\p{L}{3,}(?:er|or|ist|ian)s?)\b/iu;

type Meets = (question: Question, text: string, stems: readonly string[]) => number;

const MEETS: Readonly<Record<Expectation, Meets>> = {
  open: () => 1,
  money: (_, text) => first(text, [MONEY, 1], [hasNumber, 0.3]),
  temperature: (_, text) => first(text, [DEGREE, 1]),
  // A number of something else: "how long" may ask for a length.
  duration: (_, text) => first(text, [TIME_UNIT, 1], [hasNumber, 0.8], [DATE, 0.5]),
  time: (_, text) =>
    first(text, [DATE, 1], [(one) => TIME_UNIT.test(one) && hasNumber(one), 0.9], [WHEN, 0.8]),
  person: (question, text) => (namesSomeone(question, text) ? 1 : 0.2),
  number: (question, text, stems) => {
    if (!hasNumber(text)) return 0;
    if (question.counted === undefined) return 1;
    if (!question.counted.some((stem) => stems.includes(stem))) return 0.4;
    return numberNear(text, question) ? 1 : 0.6;
  },
};

/** From 0 to 1: how far a sentence holds the kind of thing the question asks for. */
export function meets(question: Question, text: string, stems: readonly string[]): number {
  return MEETS[question.expects](question, text, stems);
}

function first(
  text: string,
  ...tests: readonly (readonly [RegExp | ((text: string) => boolean), number])[]
): number {
  const found = tests.find(([test]) => (test instanceof RegExp ? test.test(text) : test(text)));
  return found?.[1] ?? 0;
}

// Somebody or some body that the question does not name itself.
function namesSomeone(question: Question, text: string): boolean {
  const asked = new Set(question.terms.map(({ stem }) => stem));
  const rest = text.replace(/[\p{L}\p{N}'’-]+/gu, (word) =>
    asked.has(question.stem(word)) ? '_' : word,
  );
  return (
    /(?<![.!?]\s|^)\b\p{Lu}\p{Ll}+|^\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+/u.test(rest) || PERSON.test(rest)
  );
}

function hasNumber(text: string): boolean {
  NUMBER.lastIndex = 0;
  return NUMBER.test(text);
}

// "two spokes", "spokes: 32": the number stands within four words of what is counted.
function numberNear(text: string, question: Question): boolean {
  const words = text.split(/[\s|]+/);
  const numbers: number[] = [];
  const counted: number[] = [];
  words.forEach((word, at) => {
    if (hasNumber(word)) numbers.push(at);
    if (question.counted?.includes(question.stem(word.replace(/[^\p{L}\p{N}]/gu, ''))))
      counted.push(at);
  });
  return counted.some((here) => numbers.some((there) => Math.abs(here - there) <= 4));
}
