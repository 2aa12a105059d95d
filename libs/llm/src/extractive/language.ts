import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { stemmer as turkish } from '@orama/stemmers/turkish';
import { stopwords as danishWords } from '@orama/stopwords/danish';
import { stopwords as dutchWords } from '@orama/stopwords/dutch';
import { stopwords as englishWords } from '@orama/stopwords/english';
import { stopwords as finnishWords } from '@orama/stopwords/finnish';
import { stopwords as frenchWords } from '@orama/stopwords/french';
import { stopwords as germanWords } from '@orama/stopwords/german';
import { stopwords as italianWords } from '@orama/stopwords/italian';
import { stopwords as norwegianWords } from '@orama/stopwords/norwegian';
import { stopwords as portugueseWords } from '@orama/stopwords/portuguese';
import { stopwords as russianWords } from '@orama/stopwords/russian';
import { stopwords as spanishWords } from '@orama/stopwords/spanish';
import { stopwords as swedishWords } from '@orama/stopwords/swedish';
import { stopwords as turkishWords } from '@orama/stopwords/turkish';

/** What is known of a language: its function words, and how its words lose their endings. */
export interface Language {
  /** BCP 47 primary tag; `und` where none was recognized. */
  readonly tag: string;
  readonly functionWords: ReadonlySet<string>;
  stem(word: string): string;
}

const language = (
  tag: string,
  words: readonly string[],
  stem: (word: string) => string,
): Language => ({ tag, functionWords: new Set(words), stem });

const UNDETERMINED: Language = language('und', [], (word) => word);

const LANGUAGES: readonly Language[] = [
  language('en', englishWords, english),
  language('de', germanWords, german),
  language('fr', frenchWords, french),
  language('es', spanishWords, spanish),
  language('it', italianWords, italian),
  language('pt', portugueseWords, portuguese),
  language('nl', dutchWords, dutch),
  language('sv', swedishWords, swedish),
  language('da', danishWords, danish),
  language('no', norwegianWords, norwegian),
  language('fi', finnishWords, finnish),
  language('ru', russianWords, russian),
  language('tr', turkishWords, turkish),
];

/**
 * The language whose function words are most frequent in `words`; where several are, the one that fits
 * `context` best. `und` where none occurs: scripts without spaces need neither list nor stems.
 */
export function languageOf(words: readonly string[], context: readonly string[]): Language {
  const frequency = (list: readonly string[], candidate: Language): number =>
    list.reduce((sum, word) => sum + (candidate.functionWords.has(word) ? 1 : 0), 0);
  let best = UNDETERMINED;
  let most = 0;
  for (const candidate of LANGUAGES) {
    const own = frequency(words, candidate);
    if (own === 0) continue;
    const score = own + frequency(context, candidate) / (context.length + 1);
    if (score > most) [best, most] = [candidate, score];
  }
  if (best !== UNDETERMINED || !words.some((word) => /\p{Script=Latin}/u.test(word))) return best;
  // Keywords alone ("sourdough starter"): the passages tell.
  for (const candidate of LANGUAGES) {
    const score = frequency(context, candidate);
    if (score > most) [best, most] = [candidate, score];
  }
  return best;
}
