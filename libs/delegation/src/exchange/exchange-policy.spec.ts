import { describe, expect, it } from '@jest/globals';
import { gateway, policy, researcher, stranger, tts, withCode, writer } from '../../test/domain.js';
import { assertMayActFor, DeclaredExchangePolicy } from './exchange-policy.js';

const person = { subject: 'https://login.test#a1', roles: [], groups: [] };

describe('DeclaredExchangePolicy', () => {
  it('knows the scopes that somebody serves', () => {
    expect(policy.knowsScope('draft:write')).toBe(true);
    expect(policy.knowsScope('draft')).toBe(false);
  });

  it('knows whose client is whose, and which one is the session’s', () => {
    expect(policy.clientOf(gateway, 'web')).toBe('session');
    expect(policy.clientOf(gateway, 'cli')).toBe('api');
    expect(policy.clientOf(gateway, 'other')).toBeUndefined();
    expect(policy.clientOf(researcher, 'cli')).toBeUndefined();
    const both = { agent: gateway, sessionClient: 'x', apiClients: ['x'] };
    expect(new DeclaredExchangePolicy({ edges: [], clients: [both] }).clientOf(gateway, 'x')).toBe(
      'session',
    );
  });

  it('knows who serves what to whom, in this direction alone', () => {
    expect(policy.serves(researcher, 'research:deep', gateway)).toBe(true);
    expect(policy.serves(researcher, 'draft:write', gateway)).toBe(false);
    expect(policy.serves(writer, 'draft:write', gateway)).toBe(false);
    expect(policy.serves(gateway, 'research:deep', researcher)).toBe(false);
  });

  it('reaches through the agents that are called', () => {
    expect(policy.reaches(gateway, 'research:deep')).toBe(true);
    expect(policy.reaches(gateway, 'draft:write')).toBe(true);
    expect(policy.reaches(researcher, 'draft:write')).toBe(true);
    expect(policy.reaches(researcher, 'research:deep')).toBe(false);
    expect(policy.reaches(writer, 'draft:write')).toBe(false);
    expect(policy.reaches(tts, 'draft:write')).toBe(false);
  });

  it('comes to an end where agents call each other', () => {
    const ring = new DeclaredExchangePolicy({
      edges: [
        { caller: gateway, agent: researcher, action: 'a:a' },
        { caller: researcher, agent: writer, action: 'b:b' },
        { caller: writer, agent: gateway, action: 'c:c' },
      ],
    });
    for (const scope of ['a:a', 'b:b', 'c:c']) expect(ring.reaches(writer, scope)).toBe(true);
  });

  it('lets act for roles, groups and single persons, and for nobody else', () => {
    const of = (declared: object) =>
      new DeclaredExchangePolicy({ edges: [], actsFor: [{ agent: researcher, ...declared }] });
    const analyst = { ...person, roles: ['x', 'analyst'] };
    const member = { ...person, groups: ['analyst'] };
    expect(of({ roles: ['analyst'] }).mayActFor(researcher, analyst)).toBe(true);
    expect(of({ roles: ['analyst'] }).mayActFor(researcher, member)).toBe(false);
    expect(of({ groups: ['analyst'] }).mayActFor(researcher, member)).toBe(true);
    expect(of({ groups: ['analyst'] }).mayActFor(researcher, analyst)).toBe(false);
    expect(of({ subjects: [person.subject] }).mayActFor(researcher, person)).toBe(true);
    expect(of({ subjects: ['a1'] }).mayActFor(researcher, person)).toBe(false);
    expect(of({}).mayActFor(researcher, analyst)).toBe(false);
    expect(of({ roles: ['analyst'] }).mayActFor(writer, analyst)).toBe(false);
  });

  it('joins what is declared of one workload in several places', () => {
    const joined = new DeclaredExchangePolicy({
      edges: [],
      actsFor: [
        { agent: researcher, roles: ['analyst'] },
        { agent: researcher, subjects: [person.subject] },
      ],
    });
    expect(joined.mayActFor(researcher, person)).toBe(true);
    expect(joined.mayActFor(researcher, { ...person, subject: 'x', roles: ['analyst'] })).toBe(
      true,
    );
  });

  it('denies everything that is not declared', () => {
    const empty = new DeclaredExchangePolicy({ edges: [] });
    expect(empty.knowsScope('draft:write')).toBe(false);
    expect(empty.clientOf(gateway, 'cli')).toBeUndefined();
    expect(empty.reaches(gateway, 'draft:write')).toBe(false);
    expect(empty.serves(writer, 'draft:write', researcher)).toBe(false);
    expect(empty.mayActFor(gateway, { ...person, roles: ['admin'] })).toBe(false);
  });
});

describe('assertMayActFor', () => {
  it('is the receiver’s own check', () => {
    const analyst = { ...person, roles: ['analyst'] };
    expect(() => assertMayActFor(policy, stranger, analyst)).not.toThrow();
    expect(() => assertMayActFor(policy, stranger, person)).toThrow(withCode('ERR_TOKEN_PERSON'));
  });
});
