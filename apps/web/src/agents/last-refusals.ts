import type { AgentStateDto, RefusalDto } from '@mesh/contracts';

export interface AgentRefusal extends RefusalDto {
  /** Who refused. */
  readonly agent: string;
}

/** What all agents refused, newest first, and how often each reason came up. */
export function lastRefusals(agents: readonly AgentStateDto[]): {
  readonly refusals: readonly AgentRefusal[];
  readonly reasons: readonly { readonly code: string; readonly count: number }[];
} {
  const refusals = agents
    .flatMap(({ name, status }) =>
      (status?.refusals ?? []).map((refusal) => ({ ...refusal, agent: name })),
    )
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const reasons = [...Map.groupBy(refusals, ({ code }) => code)]
    .map(([code, same]) => ({ code, count: same.length }))
    .toSorted((a, b) => b.count - a.count);
  return { refusals, reasons };
}
