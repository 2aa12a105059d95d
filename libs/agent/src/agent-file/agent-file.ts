import { isAbsolute, relative } from 'node:path';
import { SpiffeId, TrustDomain } from '@mesh/spiffe';
import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { closest } from '../config/closest.js';
import { readTextFile, TextFileError } from '../config/text-file.js';
import { YamlText, YamlTextError } from '../config/yaml-text.js';
import { AgentFileError } from './agent-file.error.js';
import { agentFileSchema } from './agent-file.schema.js';

/** Who may call for an action, and whether on a person's behalf. */
export interface AgentAction {
  /** Names of agents and whole SPIFFE IDs; `delegates`: every agent that calls others on a person's behalf. */
  readonly callers: readonly string[] | 'delegates';
  /** False: peers call it on their own business, for no person and without a Txn-Token. Default true. */
  readonly delegated?: false;
}

/** For whom an agent may act: who has one of the roles, is in one of the groups, or is named. */
export interface AgentActsFor {
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Issuer-qualified: `<issuer>#<sub>`. */
  readonly subjects?: readonly string[];
}

export interface AgentLimits {
  /** Largest body it reads, in bytes. Default 1048576. */
  readonly bodyBytes: number;
  /** Longest time it works on a request, in milliseconds. Default 60000. */
  readonly deadlineMs: number;
}

interface AgentFileContent {
  readonly name: string;
  readonly identity: string;
  readonly port: number;
  readonly actions?: Readonly<Record<string, AgentAction>>;
  readonly actsFor?: AgentActsFor;
  readonly sessionClient?: string;
  readonly apiClients?: readonly string[];
  readonly hosts?: readonly string[];
  readonly secrets?: readonly string[];
  readonly limits?: Partial<AgentLimits>;
}

const DEFAULT_LIMITS: AgentLimits = { bodyBytes: 1024 * 1024, deadlineMs: 60_000 };

const validate = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  verbose: true,
}).compile<AgentFileContent>(agentFileSchema);

/** One agent.yaml: what an agent is, who may call it and what it may reach. Immutable; one that exists is valid. */
export class AgentFile {
  /** Its name among the agents, a DNS label. */
  readonly name: string;
  /** Path of its SPIFFE ID in the trust domain. */
  readonly identity: string;
  /** What it does, by the action's name, which is also the scope and the capability. */
  readonly actions: ReadonlyMap<string, AgentAction>;
  /** For whom it may act; undefined: for nobody. */
  readonly actsFor: AgentActsFor | undefined;
  /** The OpenID client whose access tokens it alone may present: the browser's back end. */
  readonly sessionClient: string | undefined;
  /**
   * OpenID clients whose access tokens it takes as bearer tokens, and may present. The first is the command line's, the
   * second that of the page /docs.
   */
  readonly apiClients: readonly string[];
  /** Host names it may call out to. */
  readonly hosts: readonly string[];
  /** Names of the secrets it may read. */
  readonly secrets: readonly string[];
  /** Default port, for development and the chart. */
  readonly port: number;
  readonly limits: AgentLimits;

  private constructor(
    content: AgentFileContent,
    /** The file it was read from, as errors name it. */
    readonly file: string,
    private readonly text: YamlText,
  ) {
    this.name = content.name;
    this.identity = content.identity;
    this.actions = new Map(Object.entries(content.actions ?? {}));
    this.actsFor = content.actsFor;
    this.sessionClient = content.sessionClient;
    this.apiClients = content.apiClients ?? [];
    this.hosts = content.hosts ?? [];
    this.secrets = content.secrets ?? [];
    this.port = content.port;
    this.limits = { ...DEFAULT_LIMITS, ...content.limits };
  }

  /**
   * Parses the text of an agent.yaml.
   * @param file Name of the file for errors.
   * @throws AgentFileError
   */
  static parse(source: string, file = 'agent.yaml'): AgentFile {
    let text: YamlText;
    try {
      text = YamlText.parse(source);
    } catch (error) {
      if (!(error instanceof YamlTextError)) throw error;
      throw new AgentFileError({ file, ...error.position }, error.message);
    }
    const content = text.value;
    if (!validate(content)) throw faultOf(validate.errors?.[0], text, file);
    const parsed = new AgentFile(content, file, text);
    try {
      SpiffeId.fromPath(TrustDomain.parse('mesh.local'), content.identity);
    } catch (error) {
      throw parsed.fault(
        ['identity'],
        `must be ${agentFileSchema.properties.identity.description}`,
        error,
      );
    }
    return parsed;
  }

  /**
   * Reads an agent.yaml of at most 64 KiB.
   * @param cwd Folder that errors name the file relative to.
   * @returns undefined where there is none.
   * @throws AgentFileError
   */
  static read(path: string, cwd: string): AgentFile | undefined {
    const file = shortName(path, cwd);
    try {
      const text = readTextFile(path);
      return text === undefined ? undefined : AgentFile.parse(text, file);
    } catch (error) {
      if (!(error instanceof TextFileError)) throw error;
      throw new AgentFileError({ file }, error.message);
    }
  }

  /** The error of a member of this file. */
  fault(path: readonly string[], what: string, cause?: unknown): AgentFileError {
    return new AgentFileError(
      { file: this.file, ...this.text.positionAt(path), member: path.join('.') },
      what,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** A path as a person would write it in `cwd`. */
export function shortName(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}

function faultOf(error: ErrorObject | undefined, text: YamlText, file: string): AgentFileError {
  const at = (error?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const fault = (path: readonly string[], what: string, of?: 'key' | 'value') =>
    new AgentFileError({ file, ...text.positionAt(path, of), member: path.join('.') }, what);
  const params = (error?.params ?? {}) as Record<string, unknown>;
  const { description, properties } = (error?.parentSchema ?? {}) as {
    description?: string;
    properties?: Record<string, unknown>;
  };
  switch (error?.keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty']);
      const meant = closest(name, Object.keys(properties ?? {}));
      const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
      return fault([...at, name.slice(0, 64)], `is not a member${hint}`, 'key');
    }
    case 'required':
      return fault([...at, String(params['missingProperty'])], 'is missing');
    default: {
      const name = error?.propertyName;
      return name === undefined
        ? fault(at, `must be ${description ?? 'valid'}`)
        : fault([...at, name], `must be ${description ?? 'valid'}`, 'key');
    }
  }
}
