import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiSecurity,
} from '@nestjs/swagger';
import { ApiJson } from '../openapi/api-json.decorator.js';
import { ApiRoute } from '../openapi/api-route.decorator.js';
import { SESSION_CODES, WITH_BODY } from '../openapi/route-codes.js';
import { CSRF, SESSION } from '../openapi/security-schemes.js';
import { SignedOutDto } from './signed-out.dto.js';

/** Documents `GET /sign-in`. */
export function ApiSignIn(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Sign in by a browser',
      description:
        'For a link that a person follows: leads to the OpenID issuer, and from there back to the page that `to` names.',
    }),
    query('to', 'Where the person wants to be afterwards: a path of this mesh. Default `/`.'),
    query(
      'page',
      'SHA-256, base64url, of a secret that the page which begins the sign-in keeps: `X-CSRF-Token` is then what it is handed over, a dot, and that secret. Without it, the former alone.',
    ),
    redirection('To the issuer; or to `/sign-in-failed`, whose `code` says why not.'),
    ApiRoute(),
  );
}

/** Documents `GET /sign-in/callback`. */
export function ApiSignInCallback(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Come back from the issuer',
      description:
        'Where the issuer sends the browser: begins the session, once for each sign-in, in the browser that began it.',
    }),
    query('code', "The issuer's authorization code."),
    query('state', 'Which sign-in it belongs to.'),
    query('iss', 'Which issuer answers (RFC 9207).'),
    query('error', 'Why the issuer refuses.'),
    redirection(
      "To `/signed-in`, with the pages' secret behind `#`; or to `/sign-in-failed`, whose `code` says why not.",
    ),
    ApiRoute(),
  );
}

/** Documents `POST /sign-out`. */
export function ApiSignOut(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Sign out',
      description: 'Ends the session and what runs in it, for a page of the mesh.',
    }),
    ApiSecurity({ [SESSION]: [], [CSRF]: [] }),
    ApiJson(SignedOutDto, { location: '/signed-out' }, 'The session is over.'),
    ApiRoute(...SESSION_CODES, 'ERR_CSRF_ORIGIN', 'ERR_ACCESS_TOKEN_MISSING', ...WITH_BODY),
  );
}

/** Documents `POST /sign-in/back-channel`. */
export function ApiBackChannelLogout(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: 'Sign people out, by the issuer',
      description:
        'OpenID Connect Back-Channel Logout 1.0: ends the sessions that the token names.',
    }),
    ApiConsumes('application/x-www-form-urlencoded'),
    ApiBody({
      schema: {
        type: 'object',
        required: ['logout_token'],
        properties: {
          logout_token: {
            type: 'string',
            pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
            description: 'A logout token of the issuer, taken once.',
          },
        },
      },
    }),
    ApiOkResponse({ description: 'The sessions are over.' }),
    ApiRoute('ERR_LOGOUT_TOKEN', 'ERR_SIGN_IN_FAILED', 'ERR_SIGN_IN_UNAVAILABLE', ...WITH_BODY),
  );
}

/** Documents `GET /sign-in/keys`. */
export function ApiClientKeys(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      summary: "Get the gateway's key",
      description:
        'For issuers that know no SVIDs: the public half of the key that proves the gateway to them (`private_key_jwt`).',
    }),
    ApiOkResponse({
      description: 'A JWK set (RFC 7517); without keys where none is stored.',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['keys'],
            properties: {
              keys: {
                type: 'array',
                description: 'One key, or none.',
                items: {
                  type: 'object',
                  required: ['kty'],
                  properties: { kty: { type: 'string' } },
                },
              },
            },
          },
          example: { keys: [] },
        },
      },
    }),
    ApiRoute('ERR_CLIENT_KEY'),
  );
}

function query(name: string, description: string): MethodDecorator {
  return ApiQuery({ name, required: false, description, schema: { type: 'string' } });
}

function redirection(description: string): MethodDecorator {
  return ApiResponse({
    status: 303,
    description,
    headers: { Location: { description: 'Where to go.', schema: { type: 'string' } } },
  });
}
