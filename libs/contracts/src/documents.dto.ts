import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsString,
  Length,
  Min,
  ValidateNested,
} from 'class-validator';

/** Most documents of a list. */
export const MAX_DOCUMENTS = 200;

/** A document that answers may come from. */
export class DocumentDto {
  /** Its title, or its name where it has none. */
  @IsString()
  @Length(1, 500)
  title!: string;

  /**
   * As sources name it, without a passage.
   * @example documents:///guides/workload-identity.md
   */
  @IsString()
  @Length(1, 2048)
  url!: string;
}

/** Answer of `GET /v1/documents`, of the gateway and of the researcher. */
export class DocumentsDto {
  /** Where is searched: in a folder of documents, or in the web by Tavily. */
  @IsIn(['documents', 'tavily'])
  search!: 'documents' | 'tavily';

  /** How many documents there are; 0 where the web is searched. */
  @IsInt()
  @Min(0)
  total!: number;

  /** The first 200 by their path. */
  @IsArray()
  @ArrayMaxSize(MAX_DOCUMENTS)
  @ValidateNested({ each: true })
  @Type(() => DocumentDto)
  documents!: DocumentDto[];
}
