import { describe, expect, it } from '@jest/globals';
import MiniSearch from 'minisearch';
import { PassageIndex, type FieldLengths, type IndexLine } from './passage-index.js';
import { termsOf } from './terms.js';

const texts = [
  'A workload fetches its SVID from the Workload API.',
  'The certificate rotates at half of its life; the workload notices nothing.',
  'Honey is taken in July, when the frames are capped.',
  'Certificates of the workload API are signed by the authority, certificates of people are not.',
];

function fill(index: PassageIndex): FieldLengths[] {
  const lengths = texts.map((text, id) =>
    index.addPassage(id, { title: termsOf(`Document ${id}`), heading: [], text: termsOf(text) }),
  );
  index.settle();
  return lengths;
}

const found = (index: PassageIndex, query: string) =>
  index.find(query).map(({ id, score }) => [id as number, score.toFixed(6)]);

describe('PassageIndex', () => {
  it('finds and ranks as MiniSearch does with the same terms', () => {
    const index = new PassageIndex();
    fill(index);
    const plain = new MiniSearch({
      fields: ['title', 'heading', 'text'],
      tokenize: termsOf,
      processTerm: (term) => term,
      searchOptions: { boost: { title: 1, heading: 2, text: 1 }, bm25: { k: 1.2, b: 0.6, d: 0.5 } },
    });
    plain.addAll(texts.map((text, id) => ({ id, title: `Document ${id}`, heading: '', text })));
    for (const query of ['workload SVID', 'certificate', 'rotates', 'document honey']) {
      const expected = plain.search(query).map(({ id, score }) => [id, score.toFixed(6)]);
      expect(found(index, query)).toEqual(expected);
      expect(expected).not.toHaveLength(0);
    }
  });

  it('finds the same after it was stored and loaded', () => {
    const index = new PassageIndex();
    const lengths = fill(index);
    const stored = JSON.parse(JSON.stringify([...index.dump()])) as IndexLine[];
    const loaded = new PassageIndex();
    for (const [id, length] of lengths.entries()) loaded.register(id, length);
    for (const line of stored) loaded.loadLine(line);
    for (const query of ['workload', 'honey', 'certificate authority'])
      expect(found(loaded, query)).toEqual(found(index, query));
    loaded.addPassage(4, { title: [], heading: [], text: termsOf('more honey') });
    expect(found(loaded, 'honey')).toHaveLength(2);
  });

  it('neither finds nor stores a discarded passage', () => {
    const index = new PassageIndex();
    fill(index);
    index.discard(2);
    expect(index.find('honey')).toEqual([]);
    index.discard(0);
    expect(JSON.stringify([...index.dump()])).not.toContain('fetch');
  });

  it('forgives a typing error in a word that stands nowhere', () => {
    const index = new PassageIndex();
    fill(index);
    expect(found(index, 'certifcate').map(([id]) => id)).toContain(1);
    expect(found(index, 'hony')).toEqual([]);
  });

  it('is empty-handed without terms, and bounded with many', () => {
    const index = new PassageIndex();
    fill(index);
    expect(index.find('?! …')).toEqual([]);
    expect(index.find(`${'word'.repeat(3)} `.repeat(500) + 'honey')).not.toHaveLength(0);
    const many = Array.from({ length: 300 }, (_, at) => `w${at}`).join(' ');
    expect(index.find(`${many} honey`)).toEqual([]);
  });
});
