import type { Attack } from '../attack.js';
import {
  answerKeys,
  answersForOthers,
  changedContent,
  deliveredAnswers,
  federatedAnswers,
  graphs,
  oddAnswers,
  oldAnswers,
  selfMadeChains,
  signedAsAnother,
  streamedAnswers,
  strippedSignatures,
} from './answers.js';
import { admins, otherSites } from './browsers.js';
import {
  clientCertificates,
  fakeServices,
  federatedCa,
  names,
  removedCa,
  resumedSessions,
  servers,
} from './certificates.js';
import {
  delegationTokens,
  federatedToken,
  keysFromElsewhere,
  removedSigner,
  signedChains,
  throughItself,
} from './delegation-tokens.js';
import { chains, persons, replayedExchange, scopes, stolenTokens } from './exchange.js';
import { brokenTokenService, fakeIssuer, issuerKeys } from './issuer.js';
import {
  bearers,
  foreignIssuers,
  headers,
  outlivedBearers,
  peoplesPersons,
  peoplesScopes,
} from './people.js';
import { keysLyingAbout, leaks } from './secrets.js';
import { limits, odd, oversized } from './requests.js';
import { sessionClients, welcomeLinks } from './session-client.js';
import { crossSite, logoutTokens, otherPorts, stolenSessions } from './sessions.js';
import { fixation, redirects, signIns } from './sign-in.js';
import { files, smuggled, strangers } from './surface.js';

const all: readonly Attack[] = [
  ...delegationTokens,
  ...servers,
  ...fakeServices,
  ...brokenTokenService,
  ...federatedCa,
  ...names,
  ...clientCertificates,
  ...removedCa,
  ...removedSigner,
  ...strangers,
  ...files,
  ...keysLyingAbout,
  ...smuggled,
  ...resumedSessions,
  ...keysFromElsewhere,
  ...foreignIssuers,
  ...answerKeys,
  ...selfMadeChains,
  ...signedAsAnother,
  ...changedContent,
  ...strippedSignatures,
  ...streamedAnswers,
  ...graphs,
  ...oldAnswers,
  ...oddAnswers,
  ...deliveredAnswers,
  ...persons,
  ...peoplesPersons,
  ...answersForOthers,
  ...stolenTokens,
  ...scopes,
  ...peoplesScopes,
  ...federatedToken,
  ...federatedAnswers,
  ...headers,
  ...signedChains,
  ...throughItself,
  ...chains,
  ...replayedExchange,
  ...bearers,
  ...outlivedBearers,
  ...signIns,
  ...fixation,
  ...redirects,
  ...crossSite,
  ...stolenSessions,
  ...logoutTokens,
  ...otherPorts,
  ...sessionClients,
  ...welcomeLinks,
  ...admins,
  ...otherSites,
  ...limits,
  ...oversized,
  ...odd,
];

/**
 * Every row, in the order of their numbers but for three: a fake issuer can be met only by who has no keys yet, keys are
 * fetched again only after half a minute, and what everything gave away is looked for at the end.
 */
export const ATTACKS: readonly Attack[] = [
  ...fakeIssuer,
  ...all.toSorted((one, other) => one.number - other.number),
  ...issuerKeys,
  ...leaks,
];
