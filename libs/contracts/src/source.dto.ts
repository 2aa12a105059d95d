import { IsInt, IsString, Length, Max, MaxLength, Min } from 'class-validator';

/** A source without its passage. */
export class SourceReferenceDto {
  /** The number by which the article cites it: `[1]`. From 1. */
  @IsInt()
  @Min(1)
  @Max(100)
  id!: number;

  /** Title of the document, with the heading of the passage where there is one. */
  @IsString()
  @Length(1, 500)
  title!: string;

  /** Where the passage stands: an https URL, or `documents:///path#anchor` for the person's own folder. */
  @IsString()
  @Length(1, 2048)
  url!: string;
}

/** A passage that an answer may cite. The digest of a source is taken over exactly these four members. */
export class SourceDto extends SourceReferenceDto {
  /** The very passage the writer was given. At most 4000 characters. */
  @IsString()
  @MaxLength(4000)
  snippet!: string;
}
