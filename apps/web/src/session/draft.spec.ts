import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { forgetDraft, keepDraft, readDraft } from './draft.js';

const kept = new Map<string, string>();
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
};
const nothing = { question: '', depth: 'fast' };

describe('the draft', () => {
  beforeEach(() => {
    kept.clear();
    Object.defineProperty(globalThis, 'sessionStorage', { value: storage, configurable: true });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is kept for the person who wrote it, and for nobody else', () => {
    keepDraft('analyst', { question: 'Why?', depth: 'deep' });
    expect(readDraft('analyst')).toEqual({ question: 'Why?', depth: 'deep' });
    expect(readDraft('reader')).toEqual(nothing);
  });

  it('is forgotten', () => {
    keepDraft('analyst', { question: 'Why?', depth: 'deep' });
    forgetDraft();
    expect(readDraft('analyst')).toEqual(nothing);
    expect(kept.size).toBe(0);
  });

  it.each(['{', 'null', '7', '{"person":"analyst","question":7,"depth":"deepest"}'])(
    'takes no %s',
    (text) => {
      kept.set('mesh-draft', text);
      expect(readDraft('analyst')).toEqual(nothing);
    },
  );

  it('is not kept by a browser that keeps nothing, and nothing breaks', () => {
    const refuse = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    jest.spyOn(storage, 'getItem').mockImplementation(refuse);
    jest.spyOn(storage, 'setItem').mockImplementation(refuse);
    jest.spyOn(storage, 'removeItem').mockImplementation(refuse);
    keepDraft('analyst', { question: 'Why?', depth: 'deep' });
    forgetDraft();
    expect(readDraft('analyst')).toEqual(nothing);
  });
});
