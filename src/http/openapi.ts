/** The OpenAPI 3.1 document of a role, from the schemas of its routes: /docs for people, /docs/json for programs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type TSchema, Type } from '../typebox.ts';
import type { App } from './app-type.ts';

export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

const ERROR_ANSWER: TSchema = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: 'One of the error codes of the documentation.' }),
      message: Type.String({ description: 'What was expected and what came.' }),
      details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]), {
        description: 'Facts for programs: sizes, indexes, retryAfterSeconds.',
      }),
    }),
  },
  { description: 'Refused or failed; the status follows from the code.' },
);

// The page needs its own scripts, and styles that it sets on elements; nothing from elsewhere.
const DOCS_POLICY: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** Registers the document and its page. Routes added later are in it. */
export async function documentRoutes(app: App, info: ApiDescription): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { ...info, license: { name: 'Apache-2.0' } } },
    // A route without a schema arrives here without one.
    transform: ({ schema = {}, url }) => {
      const documented = schema.hide === true ? {} : { response: withErrors(schema.response) };
      return { schema: { ...schema, ...documented }, url };
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: { ...DOCS_POLICY } });
}

function withErrors(response: unknown): object {
  return { ...(typeof response === 'object' ? response : {}), default: ERROR_ANSWER };
}
