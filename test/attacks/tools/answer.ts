import { canonicalJson, contentDigest, digestOf, type JsonObject } from '@mesh/provenance';
import type { Minted } from '@test/kit';
import { es256, type Members, read, type Signer, write, x5cOf } from './jws.js';

/** A signed answer, as it is delivered. */
export type Answer = JsonObject & {
  readonly statements: readonly string[];
  readonly requests: readonly JsonObject[];
};

/** How a statement is made anew; what is left out stays. */
export interface Restatement {
  readonly header?: Members;
  readonly claims?: (claims: Members) => Members;
  readonly sign?: Signer;
}

/** A statement signed anew by another key, its certificate in `x5c`. */
export function restate(compact: string, signer: Minted, change: Restatement = {}): string {
  const { header, payload } = read(compact);
  const made = {
    header: { ...header, x5c: x5cOf(signer), ...change.header },
    payload: change.claims?.(payload) ?? payload,
  };
  return write(made, change.sign ?? es256(signer.keyPem), canonicalJson);
}

/** The answer signed anew over what it holds now, by whoever has the key of its outermost statement. */
export async function resign(
  answer: Answer,
  signer: Minted,
  change: Restatement = {},
): Promise<Answer> {
  const [root = '', ...inner] = answer.statements;
  const content = await contentDigest(answer);
  const statements = await Promise.all(directOf(root, inner).map(digestOf));
  const signed = restate(root, signer, {
    ...change,
    claims: (claims) => {
      const inputs = { ...(claims['inputs'] as Members), statements };
      const right = { ...claims, content, inputs };
      return change.claims?.(right) ?? right;
    },
  });
  return { ...answer, statements: [signed, ...inner] };
}

/** The inputs of the outermost statement: of a chain the first one. */
function directOf(root: string, inner: readonly string[]): string[] {
  const { inputs } = read(root).payload as { inputs: { statements: readonly string[] } };
  return inner.slice(0, inputs.statements.length);
}
