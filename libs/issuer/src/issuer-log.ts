/** A pino logger fits. No password, code or token is ever given to it. */
export interface IssuerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
