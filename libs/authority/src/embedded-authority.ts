import { pathToFileURL } from 'node:url';
import {
  systemClock,
  X509Bundle,
  type Clock,
  type SpiffeId,
  type TrustDomain,
  type X509BundlesResponseInit,
  type X509SvidResponseInit,
} from '@mesh/identity';
import { AuthorityError } from './authority.error.js';
import { assertDevelopment } from './development-only.js';
import { freeSocketPath, openSocketDirectory } from './socket-file.js';
import { WorkloadSocket } from './workload-socket.js';
import { X509Issuer, type IssuedSvid } from './x509-issuer.js';

/** Which workload a socket is for, and the SPIFFE ID it gets there. */
export interface WorkloadEntry {
  /** Names the socket: `NAME.sock`. Letters, digits and inner dashes, at most 63. */
  readonly name: string;
  /** With a path, in the authority's trust domain. */
  readonly id: SpiffeId;
}

/** A pino logger fits. */
export interface AuthorityLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EmbeddedAuthorityOptions {
  /** Under `.local`, `.test`, `.example` or `.localhost`. */
  readonly trustDomain: TrustDomain;
  /** Folder of the sockets; made with mode 0700 where it is missing. */
  readonly directory: string;
  readonly workloads: readonly WorkloadEntry[];
  /** Validity of an SVID in seconds, 2 to 604800. Default 3600. A new one is issued at half of it. */
  readonly svidTtlSeconds?: number;
  /**
   * Validity of a CA in seconds, at least twice an SVID's, at most 31536000. Default a day, or four times an SVID's
   * if that is more. The next one joins the bundle at half of it and signs from three quarters on.
   */
  readonly caTtlSeconds?: number;
  /** Bundles of foreign trust domains that all workloads get. */
  readonly federation?: readonly X509Bundle[];
  /** Default: none. */
  readonly log?: AuthorityLog;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Refused if `production`, as is a process whose NODE_ENV is. Default NODE_ENV. */
  readonly environment?: string;
}

interface Workload {
  readonly socket: WorkloadSocket;
  /** Undefined: removed; its socket answers PermissionDenied. */
  issued: { svid: IssuedSvid; renewAt: number } | undefined;
}

/** The longest time between two looks at the clock in milliseconds: timers stand still while a laptop sleeps. */
const LONGEST_TIMER_MS = 30_000;
const WORKLOAD_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * A SPIFFE authority for development: a CA in memory and the SPIFFE Workload API on one Unix socket a workload, for any
 * SPIFFE client in any language. It is no attestation: every process of the same Unix user can reach every socket.
 *
 * @example
 * const authority = await EmbeddedAuthority.start({
 *   trustDomain, directory: '.mesh/sockets', workloads: [{ name: 'writer', id: writerId }],
 * });
 * const source = await X509Source.create({ address: authority.socketOf('writer') });
 * authority.close();
 */
export class EmbeddedAuthority {
  readonly #trustDomain: TrustDomain;
  readonly #directory: string;
  readonly #svidTtlMs: number;
  readonly #caTtlMs: number;
  readonly #federation: readonly X509Bundle[];
  readonly #log: AuthorityLog | undefined;
  readonly #clock: Clock;
  readonly #workloads = new Map<string, Workload>();
  /** Names whose socket is being opened. */
  readonly #opening = new Set<string>();
  readonly #bundleListeners = new Set<(bundle: X509Bundle) => void>();
  #active: X509Issuer;
  #prepared: X509Issuer | undefined;
  #old: X509Issuer[] = [];
  #cancelTimer = () => {};
  #closed = false;

  private constructor(options: EmbeddedAuthorityOptions, directory: string) {
    const { svidTtlMs, caTtlMs } = ttls(options);
    this.#trustDomain = options.trustDomain;
    this.#directory = directory;
    this.#svidTtlMs = svidTtlMs;
    this.#caTtlMs = caTtlMs;
    this.#federation = options.federation ?? [];
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#active = this.#newIssuer();
  }

  /** Opens all sockets; when it resolves, each answers. @throws AuthorityError */
  static async start(options: EmbeddedAuthorityOptions): Promise<EmbeddedAuthority> {
    assertDevelopment(options.trustDomain, options.environment);
    ttls(options);
    assertForeign(options.federation ?? [], options.trustDomain);
    const authority = new EmbeddedAuthority(options, await openSocketDirectory(options.directory));
    try {
      for (const entry of options.workloads) await authority.addWorkload(entry);
    } catch (error) {
      authority.close();
      throw error;
    }
    authority.#log?.warn(
      { trust_domain: options.trustDomain.name, workloads: options.workloads.length },
      'Embedded SPIFFE authority: for development alone. This one process holds every key, and any process of this Unix user can take any identity',
    );
    authority.#schedule();
    return authority;
  }

  /** Address of a workload's socket, as SPIFFE_ENDPOINT_SOCKET holds it. @throws AuthorityError */
  socketOf(name: string): string {
    return `unix://${pathToFileURL(this.#workload(name).socket.path).pathname}`;
  }

  /**
   * Registers a workload and opens its socket; one that was removed gets an identity again on the socket it has.
   *
   * @throws AuthorityError
   */
  async addWorkload({ name, id }: WorkloadEntry): Promise<void> {
    this.#assertOpen();
    this.#assertEntry(name, id);
    const removed = this.#workloads.get(name);
    if (removed !== undefined) {
      removed.issued = this.#issue(id);
      removed.socket.push();
    } else {
      this.#opening.add(name);
      try {
        const issued = this.#issue(id);
        const path = await freeSocketPath(this.#directory, name);
        const socket = await WorkloadSocket.open(path, {
          x509Svids: () => this.#svidsOf(name),
          x509Bundles: () => this.#bundlesOf(name),
        });
        if (this.#closed) socket.close();
        this.#assertOpen();
        this.#workloads.set(name, { socket, issued });
      } finally {
        this.#opening.delete(name);
      }
    }
    this.#schedule();
  }

  /** Takes the identity away: open streams end with PermissionDenied, and the socket stays and answers so. @throws AuthorityError */
  removeWorkload(name: string): void {
    const workload = this.#workload(name);
    workload.issued = undefined;
    workload.socket.push();
  }

  /** Issues a new SVID to each workload now. @throws AuthorityError */
  rotateSvids(): void {
    this.#assertOpen();
    for (const workload of this.#workloads.values()) this.#renew(workload);
    this.#pushAll();
    this.#schedule();
  }

  /** First step of a CA rotation: a new CA joins the bundle, and signs nothing yet. @throws AuthorityError */
  prepareCa(): void {
    this.#assertOpen();
    if (this.#prepared !== undefined) throw caState('A CA is prepared already.');
    this.#prepared = this.#newIssuer();
    this.#bundleChanged();
  }

  /** Second step: the prepared CA signs, and each workload gets an SVID of it now. @throws AuthorityError */
  activateCa(): void {
    this.#assertOpen();
    if (this.#prepared === undefined) throw caState('No CA is prepared.');
    this.#old.push(this.#active);
    this.#active = this.#prepared;
    this.#prepared = undefined;
    this.#log?.info(
      { serial_number: this.#active.certificate.serialNumber },
      'Embedded authority: another CA signs',
    );
    this.rotateSvids();
  }

  /** Last step: CAs that no longer sign leave the bundle. It happens by itself when they expire. @throws AuthorityError */
  removeOldCa(): void {
    this.#assertOpen();
    if (this.#old.length === 0) throw caState('There is no old CA.');
    this.#old = [];
    this.#bundleChanged();
  }

  /** The bundle of the trust domain: all CAs that vouch now, the prepared one too. */
  bundle(): X509Bundle {
    const issuers = [this.#active, this.#prepared, ...this.#old];
    return X509Bundle.of(
      this.#trustDomain,
      issuers.flatMap((issuer) => (issuer === undefined ? [] : [issuer.certificate])),
    );
  }

  /** Calls `listener` with each new bundle. Returns the way to stop it. */
  onBundle(listener: (bundle: X509Bundle) => void): () => void {
    this.#bundleListeners.add(listener);
    return () => void this.#bundleListeners.delete(listener);
  }

  /** Cuts all streams, removes all sockets and forgets all keys. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    for (const { socket } of this.#workloads.values()) socket.close();
    this.#bundleListeners.clear();
  }

  #svidsOf(name: string): X509SvidResponseInit | undefined {
    const issued = this.#workloads.get(name)?.issued;
    if (issued === undefined) return undefined;
    return {
      svids: [
        {
          spiffeId: issued.svid.id.toString(),
          x509Svid: issued.svid.certificate,
          x509SvidKey: issued.svid.privateKey,
          bundle: der(this.bundle()),
        },
      ],
      federatedBundles: byTrustDomain(this.#federation),
    };
  }

  #bundlesOf(name: string): X509BundlesResponseInit | undefined {
    if (this.#workloads.get(name)?.issued === undefined) return undefined;
    return { bundles: byTrustDomain([this.bundle(), ...this.#federation]) };
  }

  #newIssuer(): X509Issuer {
    return new X509Issuer(this.#trustDomain, this.#caTtlMs, this.#clock.now());
  }

  #issue(id: SpiffeId): NonNullable<Workload['issued']> {
    const now = this.#clock.now();
    const svid = this.#active.issue(id, this.#svidTtlMs, now);
    return { svid, renewAt: now + (svid.notAfter - now) / 2 };
  }

  #renew(workload: Workload): void {
    if (workload.issued !== undefined) workload.issued = this.#issue(workload.issued.svid.id);
  }

  #bundleChanged(): void {
    const bundle = this.bundle();
    this.#pushAll();
    for (const listener of [...this.#bundleListeners]) {
      try {
        listener(bundle);
      } catch (error) {
        // A full disk of whoever keeps bundles must not end the process that holds the keys.
        this.#log?.warn({ err: error }, 'A listener of the embedded authority threw');
      }
    }
    this.#schedule();
  }

  #pushAll(): void {
    for (const { socket } of this.#workloads.values()) socket.push();
  }

  /** When a CA is to be followed by another: the next one is in the bundle from `prepareAt`, and signs from `activateAt`. */
  #plan(issuer: X509Issuer) {
    return {
      prepareAt: issuer.notAfter - this.#caTtlMs / 2,
      activateAt: issuer.notAfter - this.#caTtlMs / 4,
    };
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#closed) return;
    const { prepareAt, activateAt } = this.#plan(this.#active);
    const due = Math.min(
      this.#prepared === undefined ? prepareAt : activateAt,
      ...this.#old.map(({ notAfter }) => notAfter + 1),
      ...[...this.#workloads.values()].flatMap(({ issued }) => issued?.renewAt ?? []),
    );
    const wait = Math.min(Math.max(0, due - this.#clock.now()), LONGEST_TIMER_MS);
    this.#cancelTimer = this.#clock.after(wait, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.now();
    // More than once after a long sleep: the prepared one may have to be followed as well.
    while (now >= this.#plan(this.#active).activateAt) {
      if (this.#prepared === undefined) this.prepareCa();
      this.activateCa();
    }
    if (now >= this.#plan(this.#active).prepareAt && this.#prepared === undefined) this.prepareCa();
    if (this.#old.some(({ notAfter }) => now > notAfter)) {
      this.#old = this.#old.filter(({ notAfter }) => now <= notAfter);
      this.#bundleChanged();
    }
    for (const workload of this.#workloads.values()) {
      if (workload.issued === undefined || now < workload.issued.renewAt) continue;
      this.#renew(workload);
      workload.socket.push();
    }
    this.#schedule();
  }

  #workload(name: string): Workload {
    const workload = this.#workloads.get(name);
    if (workload === undefined) {
      throw new AuthorityError(
        'ERR_AUTHORITY_WORKLOAD_UNKNOWN',
        `The embedded authority has no workload ${name}.`,
      );
    }
    return workload;
  }

  #assertEntry(name: string, id: SpiffeId): void {
    if (!WORKLOAD_NAME.test(name)) {
      throw new AuthorityError(
        'ERR_AUTHORITY_WORKLOAD_NAME',
        "A workload's name holds letters, digits and inner dashes, at most 63.",
      );
    }
    if (!id.memberOf(this.#trustDomain) || id.path === '') {
      throw new AuthorityError(
        'ERR_AUTHORITY_WORKLOAD_ID',
        `The SPIFFE ID of ${name} must have a path and be of the trust domain ${this.#trustDomain.name}.`,
      );
    }
    if (this.#opening.has(name) || this.#workloads.get(name)?.issued !== undefined) {
      throw new AuthorityError(
        'ERR_AUTHORITY_WORKLOAD_EXISTS',
        `The embedded authority has a workload ${name} already.`,
      );
    }
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new AuthorityError('ERR_AUTHORITY_CLOSED', 'The embedded authority is closed.');
    }
  }
}

function ttls({ svidTtlSeconds = 3600, caTtlSeconds }: EmbeddedAuthorityOptions) {
  const ca = caTtlSeconds ?? Math.max(86_400, 4 * svidTtlSeconds);
  if (!(svidTtlSeconds >= 2 && svidTtlSeconds <= 604_800)) {
    throw new AuthorityError('ERR_AUTHORITY_TTL', 'An SVID lives 2 to 604800 seconds.');
  }
  if (!(ca >= 2 * svidTtlSeconds && ca <= 31_536_000)) {
    throw new AuthorityError(
      'ERR_AUTHORITY_TTL',
      'A CA lives at least twice as long as an SVID, and at most 31536000 seconds.',
    );
  }
  return { svidTtlMs: svidTtlSeconds * 1000, caTtlMs: ca * 1000 };
}

function assertForeign(federation: readonly X509Bundle[], own: TrustDomain): void {
  const names = federation.map(({ trustDomain }) => trustDomain.name);
  if (names.includes(own.name) || new Set(names).size !== names.length) {
    throw new AuthorityError(
      'ERR_AUTHORITY_FEDERATION',
      'Federated bundles are of foreign trust domains, one each.',
    );
  }
}

function caState(message: string): AuthorityError {
  return new AuthorityError('ERR_AUTHORITY_CA_STATE', message);
}

function der(bundle: X509Bundle): Uint8Array {
  return Buffer.concat(bundle.authorities.map(({ raw }) => raw));
}

function byTrustDomain(bundles: readonly X509Bundle[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    bundles.map((bundle) => [bundle.trustDomain.id.toString(), der(bundle)]),
  );
}
