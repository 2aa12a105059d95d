import { Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  IsArray,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ValidateNested,
} from 'class-validator';

/** A request that a statement answers: whole, or by its digest alone. */
export class AnsweredRequestDto {
  /** SHA-256 of the canonical JSON of the request, base64url; alone, where the request itself is not carried. */
  @IsOptional()
  @IsString()
  @Length(43, 43)
  digest?: string;

  /** HTTP method. */
  @IsOptional()
  @IsString()
  @Length(1, 16)
  method?: string;

  /** Path with its query. */
  @IsOptional()
  @IsString()
  @Length(1, 2048)
  path?: string;

  /** `Request-Nonce`. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  nonce?: string;

  /** The body as it was received. */
  @Allow()
  body?: object | null;
}

/** Content that its agent signs: `statements` say who made it, for whom and from what (libs/provenance). */
export abstract class SignedDto {
  /** What each of the statements answers, in their order. */
  @IsArray()
  @ArrayMaxSize(16)
  @ValidateNested({ each: true })
  @Type(() => AnsweredRequestDto)
  requests!: AnsweredRequestDto[];

  /** Signed statements in compact form (JWS), outermost first; they cover everything but themselves. */
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @MaxLength(65_536, { each: true })
  statements!: string[];
}

/** Content before it is signed: what a handler gives. */
export type Unsigned<T extends SignedDto> = Omit<T, keyof SignedDto>;
