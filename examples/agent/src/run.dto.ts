import { IsString, Length } from 'class-validator';
import { SignedDto } from '@mesh/contracts';

export class RunRequestDto {
  @Length(1, 100_000)
  text!: string;
}

export class RunDto extends SignedDto {
  @IsString()
  text!: string;
}
