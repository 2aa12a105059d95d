import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  Min,
  ValidateNested,
} from 'class-validator';
import { AgentIdentityDto } from './agent-identity.dto.js';

/** Most refusals that an agent remembers. */
export const MAX_REFUSALS = 20;

export const HEALTH_STATES = ['up', 'degraded', 'down'] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

export const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** One thing that `/health` of an agent looks at. */
export class HealthCheckDto {
  /**
   * What is looked at.
   * @example search
   */
  @IsString()
  @Length(1, 64)
  name!: string;

  /** `degraded`: the agent goes on, with less. */
  @IsIn(HEALTH_STATES)
  status!: HealthState;

  /** Why it is not up, in one line: no path, key or person. Absent while it is up. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  reason?: string;
}

/** The health of an agent: the same that its management listener tells. */
export class HealthDto {
  /** The worst of the checks. */
  @IsIn(HEALTH_STATES)
  status!: HealthState;

  /** At most 50. */
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => HealthCheckDto)
  checks!: HealthCheckDto[];
}

/** The circuit breaker before one peer or provider. */
export class BreakerDto {
  /**
   * Of the peer or provider.
   * @example writer
   */
  @IsString()
  @Length(1, 64)
  name!: string;

  /** `open`: nothing is sent for a moment; `half-open`: one call tries whether it is well again. */
  @IsIn(BREAKER_STATES)
  state!: (typeof BREAKER_STATES)[number];

  /** Code of the failure that opened it; absent while it is closed. */
  @IsOptional()
  @Matches(CODE)
  reason?: string;
}

/** A request, handshake or answer of a peer that was refused. Holds nothing of the person, the body or the address. */
export class RefusalDto {
  /** When, ISO 8601 in UTC. */
  @IsISO8601({ strict: true })
  at!: string;

  /**
   * Why.
   * @example ERR_CALLER_DENIED
   */
  @Matches(CODE)
  code!: string;

  /** Template of the route, never the path asked for; absent for a handshake or an answer, and where no route fits. */
  @IsOptional()
  @IsString()
  @Length(1, 256)
  route?: string;

  /** SPIFFE ID of the peer by its verified certificate; absent for people, and where the certificate was refused. */
  @IsOptional()
  @IsString()
  @Length(10, 2048)
  peer?: string;

  /** Finds the request in every log; absent for a handshake. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._-]{8,64}$/)
  correlationId?: string;
}

/** What an agent tells of itself: the answer of the action `agent:status`. */
export class StatusDto extends AgentIdentityDto {
  /** Start of its SVID's validity, ISO 8601 in UTC. */
  @IsISO8601({ strict: true })
  notBefore!: string;

  /** How often its SVID was replaced since it started. */
  @IsInt()
  @Min(0)
  rotations!: number;

  /** When it began to serve, ISO 8601 in UTC. */
  @IsISO8601({ strict: true })
  startedAt!: string;

  /** With causes. */
  @ValidateNested()
  @Type(() => HealthDto)
  health!: HealthDto;

  /** Of the peers and providers that it has called. At most 64. */
  @IsArray()
  @ArrayMaxSize(64)
  @ValidateNested({ each: true })
  @Type(() => BreakerDto)
  breakers!: BreakerDto[];

  /** The last ones, newest first; at most 20, kept in memory alone. */
  @IsArray()
  @ArrayMaxSize(MAX_REFUSALS)
  @ValidateNested({ each: true })
  @Type(() => RefusalDto)
  refusals!: RefusalDto[];
}
