import { SecretError } from './secret.error.js';
import type { SecretLease, SecretSource } from './secret-source.js';

/**
 * A view of a source that gives the named secrets alone: those under `secrets` in an `agent.yaml`. Any other
 * name is `ERR_SECRET_NOT_DECLARED`, whether it exists or not. It does not own the source: `close()` ends the view.
 */
export class ScopedSecretSource implements SecretSource {
  readonly #source: SecretSource;
  readonly #names: ReadonlySet<string>;
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(source: SecretSource, names: Iterable<string>) {
    this.#source = source;
    this.#names = new Set(names);
  }

  async get(name: string, options?: { readonly signal?: AbortSignal }): Promise<SecretLease> {
    this.#check(name);
    return this.#source.get(name, options);
  }

  onChange(name: string, listener: () => void): () => void {
    this.#check(name);
    const unsubscribe = this.#source.onChange(name, listener);
    const stop = () => {
      this.#stops.delete(stop);
      unsubscribe();
    };
    this.#stops.add(stop);
    return stop;
  }

  close(): void {
    this.#closed = true;
    for (const stop of [...this.#stops]) stop();
  }

  #check(name: string): void {
    if (this.#closed) {
      throw new SecretError('ERR_SECRET_SOURCE_CLOSED', 'The source of secrets is closed.');
    }
    if (!this.#names.has(name)) {
      // Without the name: see checkSecretName.
      throw new SecretError(
        'ERR_SECRET_NOT_DECLARED',
        'The agent asked for a secret that its agent.yaml does not name.',
      );
    }
  }
}
