import { TXN_TOKEN_TYPE } from '@mesh/delegation';
import { Equals, IsInt, IsString, MaxLength, Min } from 'class-validator';

/** What the token service answers with (RFC 8693 2.2.1). */
export class TokenResponseDto {
  @IsString()
  @MaxLength(16_384)
  access_token!: string;

  @Equals(TXN_TOKEN_TYPE)
  issued_token_type!: string;

  @Equals('N_A')
  token_type!: string;

  @IsInt()
  @Min(0)
  expires_in!: number;

  @IsString()
  scope!: string;
}
