import { IsISO8601, IsString, Length, Matches } from 'class-validator';

/** The identity an agent answered with. */
export class AgentIdentityDto {
  /**
   * Its SPIFFE ID.
   * @example spiffe://mesh.local/ns/agents/sa/writer
   */
  @IsString()
  @Length(10, 2048)
  spiffeId!: string;

  /** Serial number of its SVID, lower-case hexadecimal. */
  @Matches(/^[0-9a-f]{1,40}$/)
  serialNumber!: string;

  /** End of its SVID's validity, ISO 8601 in UTC. */
  @IsISO8601({ strict: true })
  notAfter!: string;
}
