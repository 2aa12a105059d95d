import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** NestJS' own announcements while it starts: one line a module and a route, of no use to an operator. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** What `app.useLogger(app.get(NestLogger))` takes: NestJS' lines in the process's log, its boot lines at debug. */
@Injectable()
export class NestLogger extends Logger {
  override log(message: unknown, ...params: unknown[]): void {
    if (FRAMEWORK.has(String(params.at(-1)))) this.debug(message, ...params);
    else super.log(message, ...params);
  }
}
