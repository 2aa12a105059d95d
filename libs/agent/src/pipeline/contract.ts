import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import type { ProblemMember } from '@mesh/errors';
import { BodyInvalidError } from './pipeline.error.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the type of any constructor
export type Contract<T extends object = object> = new (...args: any[]) => T;

/** At most this many members at fault are named. */
const MEMBERS = 20;
/** Deepest nesting of a body; every contract is flatter. Far deeper ones would exhaust the stack below. */
const DEPTH = 16;
/** Most members and items of a body in all; the fullest contract has 605. Each costs 0.1 ms below, a fault or not. */
const VALUES = 1_000;

/**
 * Parses a JSON value into its contract: every member known, every rule of class-validator met.
 * @throws BodyInvalidError naming the members at fault, never their values.
 */
export function parseContract<T extends object>(contract: Contract<T>, value: unknown): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BodyInvalidError([{ path: '', message: 'the body must be a JSON object' }]);
  }
  const shapeless = shapeFault(value, '', 1, { values: VALUES });
  if (shapeless) throw new BodyInvalidError([shapeless]);
  const instance = plainToInstance(contract, value, { exposeDefaultValues: true });
  const faults = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
  });
  if (faults.length > 0) throw new BodyInvalidError([...members(faults, '')].slice(0, MEMBERS));
  return instance;
}

/** True if class-validator knows rules for it; without any it would let every body through. */
export function isContract(type: unknown): type is Contract {
  return (
    typeof type === 'function' &&
    getMetadataStorage().getTargetValidationMetadatas(type, '', true, false).length > 0
  );
}

/**
 * What class-transformer cannot be given: deep nesting, values without number, and the members it drops without a word
 * (`toString`); and half surrogate pairs, of which no digest can be made (RFC 8785 3.2.2.2).
 */
function shapeFault(
  value: object,
  path: string,
  depth: number,
  left: { values: number },
): ProblemMember | undefined {
  if (depth > DEPTH) return { path, message: `nests deeper than ${DEPTH} levels` };
  const names = Object.keys(value);
  left.values -= names.length;
  if (left.values < 0) return { path: '', message: `the body holds more than ${VALUES} values` };
  for (const name of names) {
    const member = (value as Record<string, unknown>)[name];
    const at = (path === '' ? name : `${path}.${name}`).slice(0, 200);
    if (name in Object.prototype) return { path: at, message: `property ${name} should not exist` };
    if (typeof member === 'string' && !member.isWellFormed()) {
      return { path: at, message: 'holds half a surrogate pair' };
    }
    const fault =
      typeof member === 'object' && member !== null
        ? shapeFault(member, at, depth + 1, left)
        : undefined;
    if (fault) return fault;
  }
  return undefined;
}

function* members(faults: readonly ValidationError[], prefix: string): Generator<ProblemMember> {
  for (const fault of faults) {
    const path = (prefix + fault.property).slice(0, 200);
    for (const message of Object.values(fault.constraints ?? {})) {
      yield { path, message: message.slice(0, 300) };
    }
    yield* members(fault.children ?? [], `${path}.`);
  }
}
