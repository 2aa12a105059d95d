import { STAGES, type Stage } from '@mesh/contracts';
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
import type { Contract } from './contract.js';

class ProgressEvent {
  @IsIn(STAGES)
  stage!: Stage;

  @IsString()
  @Length(1, 64)
  agent!: string;
}

class SourceReference {
  @IsInt()
  @Min(1)
  @Max(100)
  id!: number;

  @IsString()
  @Length(1, 500)
  title!: string;

  @IsString()
  @Length(1, 2048)
  url!: string;
}

class SourcesEvent {
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => SourceReference)
  sources!: SourceReference[];
}

class TextEvent {
  @IsString()
  text!: string;

  @IsOptional()
  @Equals(true)
  inProgress?: true;
}

const CONTRACTS = new Map<string, Contract>([
  ['progress', ProgressEvent],
  ['sources', SourcesEvent],
  ['text', TextEvent],
]);

/** What the data of an `AgentEvent` of this type must be; undefined for a type there is not, and for `done`. */
export function eventContract(type: string): Contract | undefined {
  return CONTRACTS.get(type);
}
