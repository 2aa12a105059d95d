import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { SignedDto } from './signed.dto.js';
import { SourceDto } from './source.dto.js';

/** One thing the researcher noted, and the source it stands in. */
export class NoteDto {
  /** `id` of the source. */
  @IsInt()
  @Min(1)
  @Max(100)
  sourceId!: number;

  /** The note's text. At most 4000 characters. */
  @IsString()
  @Length(1, 4000)
  text!: string;
}

/** Body of `POST /v1/drafts` of the writer. */
export class DraftRequestDto {
  /** The person's question. 1 to 2000 characters. */
  @IsString()
  @Length(1, 2000)
  question!: string;

  /** At most 100. None: nothing was found. */
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => NoteDto)
  notes!: NoteDto[];

  /** At most 50, each `id` once. */
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => SourceDto)
  sources!: SourceDto[];
}

/** What wrote the text. */
export class ModelDto {
  /** `embedded`: sentences were picked from the sources, no model was used. */
  @IsIn(['embedded', 'gemini'])
  provider!: 'embedded' | 'gemini';

  /** The model's name at its provider; of the embedded writer `extractive`. */
  @IsString()
  @MaxLength(200)
  name!: string;

  /** False if no language model had a part in the text. */
  @IsBoolean()
  used!: boolean;
}

/** Answer of `POST /v1/drafts`. */
export class DraftDto extends SignedDto {
  /** Markdown with numbered citations (`[1]`). */
  @IsString()
  @MaxLength(100_000)
  article!: string;

  /** False: the sources do not answer the question, and the article says so. */
  @IsBoolean()
  answered!: boolean;

  @ValidateNested()
  @Type(() => ModelDto)
  model!: ModelDto;
}
