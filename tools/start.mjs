// npm start: sets up, builds what changed, then runs `./mesh up`, or what stands after `--`.
import { become } from './become.mjs';
import { builtMain } from './build.mjs';
import { prepare } from './prepare.mjs';

const args = process.argv.slice(2);
const asksForHelp = ['-h', '--help', '-V', '--version'].includes(args[0]);
// `npm start -- --documents DIR` means `up --documents DIR`.
if (args.length === 0 || (args[0].startsWith('-') && !asksForHelp)) args.unshift('up');

become(await prepare(), [builtMain('mesh'), ...args]);
