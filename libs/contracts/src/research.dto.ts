import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsString,
  Length,
  MaxLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { AgentIdentityDto } from './agent-identity.dto.js';
import { ModelDto } from './draft.dto.js';
import { SignedDto } from './signed.dto.js';
import { SourceDto } from './source.dto.js';

export const DEPTHS = ['fast', 'deep'] as const;
export type Depth = (typeof DEPTHS)[number];

/** Body of `POST /v1/research`, of the gateway and of the researcher. */
export class ResearchRequestDto {
  /**
   * The question, in any language. 1 to 2000 characters after white space at both ends is dropped.
   * @example How does a workload get its SVID?
   */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, 2000)
  question!: string;

  /** `deep` reads more results. Default `fast`. */
  // Not `@IsOptional()`, which takes null for a depth.
  @ValidateIf((_request, depth) => depth !== undefined)
  @IsIn(DEPTHS)
  depth?: Depth = 'fast';
}

/** The action that a question asks for. */
export function researchAction({ depth = 'fast' }: ResearchRequestDto): string {
  return `research:${depth}`;
}

/**
 * What a token is issued for when this is asked (`tctx`): so that it is of no use for another question.
 * @param digest SHA-256, base64url
 */
export function researchTransaction(
  request: ResearchRequestDto,
  digest: (text: string) => string,
): Record<string, string> {
  const { question, depth = 'fast' } = request;
  return { action: researchAction(request), depth, question: digest(question) };
}

/** Answer of the researcher's `POST /v1/research`. */
export class ResearchDto extends SignedDto {
  /** Markdown with numbered citations (`[1]`), each the `id` of a source. */
  @IsString()
  @MaxLength(100_000)
  answer!: string;

  /** False: the sources do not answer the question, and the answer says so. */
  @IsBoolean()
  answered!: boolean;

  /** What the answer was written from; those it cites, and others that were read. */
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => SourceDto)
  sources!: SourceDto[];

  /** What wrote it. */
  @ValidateNested()
  @Type(() => ModelDto)
  model!: ModelDto;

  /** How much was read. */
  @IsIn(DEPTHS)
  depth!: Depth;
}

/** Answer of the gateway's `POST /v1/research`. */
export class AnswerDto extends ResearchDto {
  /** The agents that had a part in it, as they signed it, outermost first. */
  @IsArray()
  @ArrayMaxSize(16)
  @ValidateNested({ each: true })
  @Type(() => AgentIdentityDto)
  agents!: AgentIdentityDto[];

  /** Finds this request in every agent's log. */
  @IsString()
  @Length(8, 64)
  correlationId!: string;
}
