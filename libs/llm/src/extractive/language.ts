import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as hungarian } from '@orama/stemmers/hungarian';
import { stemmer as indian } from '@orama/stemmers/indian';
import { stemmer as indonesian } from '@orama/stemmers/indonesian';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as romanian } from '@orama/stemmers/romanian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { stemmer as turkish } from '@orama/stemmers/turkish';
import { stemmer as ukrainian } from '@orama/stemmers/ukrainian';
import { stopwords as arabicWords } from '@orama/stopwords/arabic';
import { stopwords as danishWords } from '@orama/stopwords/danish';
import { stopwords as dutchWords } from '@orama/stopwords/dutch';
import { stopwords as englishWords } from '@orama/stopwords/english';
import { stopwords as finnishWords } from '@orama/stopwords/finnish';
import { stopwords as frenchWords } from '@orama/stopwords/french';
import { stopwords as germanWords } from '@orama/stopwords/german';
import { stopwords as greekWords } from '@orama/stopwords/greek';
import { stopwords as hungarianWords } from '@orama/stopwords/hungarian';
import { stopwords as indianWords } from '@orama/stopwords/indian';
import { stopwords as indonesianWords } from '@orama/stopwords/indonesian';
import { stopwords as italianWords } from '@orama/stopwords/italian';
import { stopwords as norwegianWords } from '@orama/stopwords/norwegian';
import { stopwords as portugueseWords } from '@orama/stopwords/portuguese';
import { stopwords as romanianWords } from '@orama/stopwords/romanian';
import { stopwords as russianWords } from '@orama/stopwords/russian';
import { stopwords as spanishWords } from '@orama/stopwords/spanish';
import { stopwords as swedishWords } from '@orama/stopwords/swedish';
import { stopwords as turkishWords } from '@orama/stopwords/turkish';
import { stopwords as ukrainianWords } from '@orama/stopwords/ukrainian';

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
  language('ar', arabicWords, arabic),
  language('el', greekWords, greek),
  language('hu', hungarianWords, hungarian),
  language('hi', indianWords, indian),
  language('id', indonesianWords, indonesian),
  language('ro', romanianWords, romanian),
  language('uk', ukrainianWords, ukrainian),
];

const JAPANESE: Language = language('ja', [], (word) => word);
const CHINESE: Language = language('zh', [], (word) => word);

/**
 * The language whose function words are most frequent in `words`; where several are, the one that fits
 * `context` best. Chinese and Japanese are told by their script. `und` where nothing tells.
 */
export function languageOf(words: readonly string[], context: readonly string[]): Language {
  const frequency = (list: readonly string[], candidate: Language): number =>
    list.reduce((sum, word) => sum + (candidate.functionWords.has(word) ? 1 : 0), 0);
  if (words.some((word) => /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word))) return JAPANESE;
  if (words.some((word) => /\p{Script=Han}/u.test(word))) return CHINESE;
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
