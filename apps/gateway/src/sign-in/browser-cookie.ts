/**
 * A cookie that scripts cannot read and other sites' requests do not carry, save for a link that is followed. Where the
 * mesh is opened over TLS it is bound to that very host (`__Host-`, RFC 6265bis 4.1.3.2); a port it is never bound to.
 */
export class BrowserCookie {
  /** As browsers know it. */
  readonly name: string;
  readonly #attributes: string;

  constructor(name: string, secure: boolean) {
    this.name = secure ? `__Host-${name}` : name;
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /** All values that a request has for it: another page of the host may have set one of the same name. */
  valuesIn(header: string | undefined): readonly string[] {
    const prefix = `${this.name}=`;
    return (header ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(prefix))
      .map((pair) => pair.slice(prefix.length));
  }

  /** `Set-Cookie` with a value, for some seconds. */
  set(value: string, seconds: number): string {
    return `${this.name}=${value}${this.#attributes}; Max-Age=${seconds}`;
  }

  /** `Set-Cookie` that takes it away. */
  clear(): string {
    return this.set('', 0);
  }
}
