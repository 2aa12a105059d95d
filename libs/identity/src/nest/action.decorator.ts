import { SetMetadata } from '@nestjs/common';
import 'reflect-metadata';

const DECLARATION = Symbol('mesh:route-declaration');

/**
 * What a token is for when this body is sent, as members of its transaction context (`tctx`).
 * @param digest SHA-256 of a text, base64url
 */
export type TransactionOf<Body = unknown> = (
  body: Body,
  digest: (text: string) => string,
) => Readonly<Record<string, string>>;

interface Operation<Body> {
  /** Where there are several, `pick` says which one a request asks for. */
  readonly names: readonly [string, ...string[]];
  readonly pick: ((body: Body) => string) | undefined;
  readonly transaction: TransactionOf<Body> | undefined;
}

/** What a route says of itself: who may call is not its business (`agent.yaml`). */
export type RouteDeclaration<Body = unknown> =
  | (Operation<Body> & {
      readonly kind: 'action';
      /** False: peers call it on their own business, for no person. */
      readonly delegated: boolean;
    })
  | (Operation<Body> & { readonly kind: 'signed-in' })
  | {
      readonly kind: 'person';
      /** Undefined: whoever is signed in. */
      readonly role: string | undefined;
    }
  | { readonly kind: 'public' };

/** A declaration of something that agents do, so that it has actions. */
export type OperationDeclaration = Extract<RouteDeclaration, { names: unknown }>;

/** What `@Action` and `@SignedIn` may say of what a request asks for. */
export interface OperationOptions<Body> {
  /** Which of the actions a request asks for, by its parsed body. */
  readonly pick?: (body: Body) => string;
  /** What the token must be for, or is issued for. Default: nothing in particular. */
  readonly transaction?: TransactionOf<Body>;
}

/**
 * Declares what a route does, for other workloads. The actions' names are the ones whose callers `agent.yaml` lists.
 *
 * @param names one action, or several with `pick`
 * @throws TypeError where there are several actions and no `pick`, one action and a `pick`, or another declaration
 *
 * @example
 * @Action('draft:write')
 * @Action(['research:fast', 'research:deep'], {
 *   pick: (body: ResearchRequestDto) => `research:${body.depth}`,
 * })
 * @Action('agent:status', { delegated: false })
 */
export function Action<Body>(
  names: string | readonly string[],
  {
    delegated = true,
    ...options
  }: OperationOptions<Body> & {
    /** False: it is served on the peers' own business, without a Txn-Token. Default true. */
    readonly delegated?: boolean;
  } = {},
): MethodDecorator {
  return declare({ kind: 'action', delegated, ...operation('@Action', names, options) });
}

/**
 * Declares what a route does, for people: who calls must be signed in. With actions, the person must have the action's
 * scope, and the request becomes a transaction that is made on their behalf and answered with a statement. Without, the
 * route serves the person by itself: any, or one with a role.
 * @throws TypeError as `@Action`
 *
 * @example
 * @SignedIn('research:fast')
 * @SignedIn()
 * @SignedIn({ role: 'admin' })
 */
export function SignedIn<Body>(
  names: string | readonly string[],
  options?: OperationOptions<Body>,
): MethodDecorator;
export function SignedIn(whom?: { readonly role: string }): MethodDecorator;
export function SignedIn<Body>(
  what: string | readonly string[] | { readonly role?: string } = {},
  options: OperationOptions<Body> = {},
): MethodDecorator {
  if (typeof what === 'string' || Array.isArray(what)) {
    return declare({
      kind: 'signed-in',
      ...operation('@SignedIn', what as string | readonly string[], options),
    });
  }
  return declare({ kind: 'person', role: (what as { readonly role?: string }).role });
}

/** Declares that anyone who reaches the route may call it. */
export function Public(): MethodDecorator {
  return declare({ kind: 'public' });
}

function operation<Body>(
  decorator: string,
  names: string | readonly string[],
  { pick, transaction }: OperationOptions<Body>,
): Operation<unknown> {
  const [first, ...others] = typeof names === 'string' ? [names] : names;
  if (!first || others.length > 0 !== (pick !== undefined)) {
    throw new TypeError(`${decorator} takes one action, or several and a function that picks one.`);
  }
  return {
    names: [first, ...others],
    pick: pick as ((body: unknown) => string) | undefined,
    transaction: transaction as TransactionOf | undefined,
  };
}

function declare(declaration: RouteDeclaration): MethodDecorator {
  const set = SetMetadata(DECLARATION, Object.freeze(declaration));
  return (target, key, descriptor) => {
    if (routeDeclaration(descriptor.value as object)) {
      throw new TypeError(`${String(key)} declares twice what it does.`);
    }
    set(target, key, descriptor);
  };
}

/** The declaration of a route's handler; undefined if it has none, and then nobody may call it. */
export function routeDeclaration(handler: object): RouteDeclaration | undefined {
  return Reflect.getMetadata(DECLARATION, handler) as RouteDeclaration | undefined;
}
