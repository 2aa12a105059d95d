import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { STAGES, type Stage } from './events.js';

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

/** A source without its passage. */
export class SourceReferenceDto {
  /** The number that the text cites it by. */
  @IsInt()
  @Min(1)
  @Max(100)
  id!: number;

  /** Title of the document, with the heading of the passage where there is one. */
  @IsString()
  @Length(1, 500)
  title!: string;

  /** Where the passage stands. */
  @IsString()
  @Length(1, 2048)
  url!: string;
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
