import type { Expectation, Question } from './question.js';

const NUMBER_WORDS =
  'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred|thousand|half|once|twice|' +
  'daily|weekly|monthly|hourly|yearly|annually|dozen|' +
  'ein|eine|einen|einem|einer|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|täglich|wöchentlich|' +
  'deux|trois|quatre|cinq|sept|huit|neuf|dix|douze|vingt|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|due|tre|quattro|cinque';
const NUMBER = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:\\d[\\d.,:/–-]*\\s?(?:%|°|\\p{L}{0,8})|(?:${NUMBER_WORDS})(?![\\p{L}\\p{N}])|[一二三四五六七八九十百千]+(?=[\\p{Script=Han}つ]))`,
  'giu',
);
const TIME_UNIT =
  /\b(?:milliseconds?|seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|mins?|secs?|hrs?|ms|overnight|immediately|forever|until|sekunden?|minuten?|stunden?|tagen?|tag|tage|wochen?|monate?n?|jahre?n?|heures?|jours?|semaines?|mois|ans?|années?|horas?|días?|semanas?|mes(?:es)?|años?|ore|giorni|settiman[ae]|mesi|anni|dagen|uur|weken|maanden)\b|\d\s?(?:s|m|h|d)\b|秒|分|時間|日|週間|か月|年|小时|天|минут|час|дн|недел/iu;
const DATE =
  /\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|januar|februar|märz|april|mai|juni|juli|oktober|dezember|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|enero|febrero|marzo|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b|\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}\s?(?:am|pm|uhr)\b|o'clock|midnight|noon|morning|evening|spring|summer|autumn|winter|[月日時]|曜/iu;
const WHEN =
  /\b(?:when|once|after|before|until|till|as soon as|whenever|during|while|at the (?:end|start|beginning)|every|each|if|by the|within|sobald|wenn|nachdem|bevor|vor|nach|lorsque|quand|après|avant|dès|cuando|después|antes|quando|dopo|prima)\b/iu;
const MONEY =
  /[€$£¥]|\b(?:eur|euros?|usd|dollars?|gbp|pounds?|pence|cents?|yen|francs?|chf|free)\b|無料|円|元/iu;
const DEGREE =
  /\d\s?(?:°|º|degrees?\b|grad\b|degrés\b|grados\b|celsius|fahrenheit|c\b|f\b|k\b|度)|°/iu;
const PERSON =
  /\b(?:i|we|you|he|she|they|my|our|anyone|everyone|nobody|someone|people|person|team|manager|director|officer|head|owner|chair|president|founder|engineer|operator|admin(?:istrator)?s?|committee|board|staff|employee|member|guest|host|chef|author|department|office|desk|agency|company|group|\p{L}{3,}(?:er|or|ist|ian)s?)\b/iu;

/** From 0 to 1: how far a sentence holds the kind of thing the question asks for. */
export function meets(question: Question, text: string, stems: readonly string[]): number {
  const expects: Expectation = question.expects;
  switch (expects) {
    case 'open':
      return 1;
    case 'money':
      return MONEY.test(text) ? 1 : hasNumber(text) ? 0.5 : 0;
    case 'temperature':
      return DEGREE.test(text) ? 1 : 0.1;
    case 'duration':
      return TIME_UNIT.test(text) ? 1 : DATE.test(text) ? 0.5 : 0;
    case 'time':
      return DATE.test(text)
        ? 1
        : TIME_UNIT.test(text) && hasNumber(text)
          ? 0.9
          : WHEN.test(text)
            ? 0.8
            : 0;
    case 'person':
      return /(?:^|[^.!?]\s)\p{Lu}\p{Ll}+/u.test(text) || PERSON.test(text) ? 1 : 0.2;
    case 'number':
      if (question.counted !== undefined && stems.includes(question.counted)) {
        return numberNear(text, question) ? 1 : hasNumber(text) ? 0.6 : 0;
      }
      return hasNumber(text) ? 1 : 0;
  }
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
    if (question.stem(word.replace(/[^\p{L}\p{N}]/gu, '')) === question.counted) counted.push(at);
  });
  return counted.some((here) => numbers.some((there) => Math.abs(here - there) <= 4));
}
