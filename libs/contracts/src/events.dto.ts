import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';
import { STAGES, type Stage } from './events.js';
import { SourceReferenceDto } from './source.dto.js';

/** Data of the event `progress`, as agents send it. */
export class AgentProgressDto {
  /** What is being done. */
  @IsIn(STAGES)
  stage!: Stage;

  /**
   * Name of the agent at work.
   * @example researcher
   */
  @IsString()
  @Length(1, 64)
  agent!: string;
}

/** Data of the event `progress`, as people get it. */
export class ProgressEventDto extends AgentProgressDto {
  /**
   * SPIFFE ID of that agent, by the gateway's agent.yaml files; absent for a name that has none.
   * @example spiffe://mesh.local/ns/agents/sa/researcher
   */
  spiffeId?: string;
}

/** Data of the event `sources`: what was found. */
export class SourcesEventDto {
  /** What the answer is being written from. */
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => SourceReferenceDto)
  sources!: SourceReferenceDto[];
}

/** Data of the event `text`: a piece of the answer as it is written. */
export class TextEventDto {
  /** To be appended to the pieces before. */
  @IsString()
  text!: string;

  /** Nobody has signed it yet: it counts for nothing where `done` does not come. */
  @IsOptional()
  @Equals(true)
  inProgress?: true;
}
