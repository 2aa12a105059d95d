import { describe, expect, it } from '@jest/globals';
import { meets } from './expectation.js';
import { parseQuestion } from './question.js';
import { wordsOf } from './words.js';

const stems = (question: string, context = '') =>
  parseQuestion(question, context).terms.map(({ stem }) => stem);

describe('parseQuestion', () => {
  it.each([
    ['How does a workload get its SVID?', 'en'],
    ['Wie lange hält sich der Teig?', 'de'],
    ['Combien de personnes le gîte peut-il accueillir ?', 'fr'],
    ['¿Cuánto cuesta la entrada de un día?', 'es'],
    ['Сколько стоит билет в музей?', 'ru'],
    ['休業日は何曜日ですか？', 'ja'],
    ['茶馆几点开门？', 'zh'],
    ['???', 'und'],
  ])('tells the language of %p: %s', (question, tag) => {
    expect(parseQuestion(question, '').language.tag).toBe(tag);
  });

  it('takes the language of keywords from the passages', () => {
    const context = 'Der Teig ruht und wird dann mit der Hand geformt.';
    expect(parseQuestion('Sauerteig Ruhezeit', context).language.tag).toBe('de');
  });

  it('keeps the words that matter, without endings and accents', () => {
    expect(stems('How are the certificates of workloads rotated?')).toEqual([
      'certif',
      'workload',
      'rotat',
    ]);
    expect(stems("À quelle heure l'église ouvre-t-elle ?")).toContain('eglis');
    expect(stems('绿茶用多少度的水？')).toContain('绿茶');
  });

  it('weighs names and numbers most, words of asking least', () => {
    const weight = Object.fromEntries(
      parseQuestion('What happens to harbour ships in Bergen?', '').terms.map((term) => [
        term.word,
        term.weight,
      ]),
    );
    expect(weight['bergen']).toBeGreaterThan(weight['harbour'] ?? Infinity);
    expect(weight['happens']).toBeLessThan(weight['harbour'] ?? 0);
  });
});

describe('meets', () => {
  it.each([
    ['How much does a ticket cost?', 'A ticket is 4 euros.', 'A ticket is needed.'],
    ['How hot is the oven?', 'Heat it to 250 °C.', 'Heat it well.'],
    ['绿茶用多少度的水？', '用八十度的水。', '用热水。'],
    ['How long does it take?', 'It takes three hours.', 'It takes courage.'],
    ['When was it built?', 'It was built in 1887.', 'It was built of stone.'],
    ['Wann öffnet das Bad?', 'Ab 7 Uhr.', 'Mit dem Schlüssel.'],
    ['How many spokes has a wheel?', 'A wheel has 32 spokes.', 'A wheel has spokes.'],
    ['Who built the lighthouse?', 'Built by Anna Berg.', 'It was built of stone.'],
  ])('%s', (text, with_, without) => {
    const question = parseQuestion(text, '');
    const score = (sentence: string) =>
      meets(
        question,
        sentence,
        wordsOf(sentence).map((word) => question.stem(word)),
      );
    expect(score(with_)).toBe(1);
    expect(score(without)).toBeLessThan(0.5);
  });

  it('wants the number of what is counted', () => {
    const question = parseQuestion('How many spokes has a wheel?', '');
    const score = (sentence: string) =>
      meets(
        question,
        sentence,
        wordsOf(sentence).map((word) => question.stem(word)),
      );
    expect(score('A wheel costs 32 euros.')).toBeLessThan(score('Count 32 spokes.'));
  });

  it('does not take the person asked about for the answer', () => {
    const question = parseQuestion('Who is the treasurer?', '');
    expect(meets(question, 'Ask the treasurer.', [])).toBeLessThan(0.5);
    expect(meets(question, 'The treasurer is Dilip Anand.', [])).toBe(1);
  });
});
