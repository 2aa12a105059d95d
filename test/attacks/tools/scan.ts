import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Minted } from '@test/kit';

/** What a search came to that found nothing. */
export const NOTHING = 'nothing found';

/** A private key in each form in which one may lie about. */
export function formsOf({ keyDer, keyPem }: Pick<Minted, 'keyDer' | 'keyPem'>): readonly Buffer[] {
  const { d = '' } = createPrivateKey(keyPem).export({ format: 'jwk' });
  const scalar = Buffer.from(d, 'base64url');
  const texts = [
    d,
    scalar.toString('hex'),
    scalar.toString('hex').toUpperCase(),
    scalar.toString('base64'),
    // The first line of a PEM says nothing yet: it is of the algorithm alone.
    ...keyPem.split('\n').slice(2, -2),
    Buffer.from(keyDer).toString('base64'),
    Buffer.from(keyDer).toString('hex'),
  ];
  return [scalar, ...texts.filter((text) => text.length >= 40).map((text) => Buffer.from(text))];
}

/** Where one of the forms stands in the bytes; `where` or `NOTHING`. */
export function search(bytes: Buffer, forms: readonly Buffer[], where: string): string {
  return forms.some((form) => bytes.includes(form)) ? `found in ${where}` : NOTHING;
}

/** The same in all files of a folder. */
export function searchFolder(folder: string, forms: readonly Buffer[]): string {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = search(readFileSync(path), forms, path);
    if (found !== NOTHING) return found;
  }
  return NOTHING;
}

/** What no answer and no line of a log may hold. */
const STACK = /\n?\s*at (?:async )?[\w$.<># ]*\(?(?:file:\/\/|node:|\/)[^\s)]*:\d+:\d+\)?/;
const JWT = /eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{20,}/g;

export function stackIn(text: string): string {
  return STACK.exec(text) ? `a stack trace: ${STACK.exec(text)?.[0].trim() ?? ''}` : NOTHING;
}

/** Types of the signed tokens in a text. */
export function tokensIn(text: string): string[] {
  return [...text.matchAll(JWT)].map(([token]) => {
    const [header = ''] = token.split('.');
    try {
      return (
        (JSON.parse(Buffer.from(header, 'base64url').toString()) as { typ?: string }).typ ??
        'untyped'
      );
    } catch {
      return 'unreadable';
    }
  });
}
