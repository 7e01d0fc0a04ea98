/** The description of the API, as it is checked in, and questions that tests ask of it. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { recordOf } from './packaged-template.ts';

export type Json = Readonly<Record<string, unknown>>;

const FILE = new URL('../../resources/api/openapi.generated.json', import.meta.url);
const METHODS = ['get', 'post', 'delete'];

/** One route of the description, every `$ref` to a response, header or parameter resolved. */
export interface DescribedRoute {
  /** `GET /v1/models/{model}`. */
  readonly route: string;
  readonly operation: Json;
  readonly parameters: readonly Json[];
  readonly requestBody: Json | undefined;
  /** By status. */
  readonly responses: Readonly<Record<string, Json>>;
}

export interface ApiDocument {
  readonly document: Json;
  readonly routes: readonly DescribedRoute[];
  /** The route of a request; undefined where none is described. `/openai/v1` is `/v1`. */
  routeOf(method: string, pathname: string): DescribedRoute | undefined;
  /** What is wrong with a value, by a schema inside of the document; undefined where nothing is. */
  faultOf(schema: unknown, value: unknown): string | undefined;
  /** What a reference inside of the document refers to; undefined where it dangles. */
  resolve(pointer: string): unknown;
}

export function readApiDocument(text: string = readFileSync(FILE, 'utf8')): ApiDocument {
  const document = recordOf(JSON.parse(text));
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: false });
  for (const [name, schema] of Object.entries(recordOf(recordOf(document['components'])['schemas']))) {
    ajv.addSchema(outside(schema), name);
  }
  const compiled = new Map<string, ValidateFunction>();
  const resolve = (pointer: string): unknown => valueAt(document, pointer);
  const routes = routesOf(document, resolve);
  return {
    document,
    routes,
    resolve,
    routeOf: (method, pathname) =>
      routes.find(({ route }) =>
        matches(route, { method, pathname: pathname.replace(/^\/openai(?=\/)/, '') }),
      ),
    faultOf: (schema, value) => {
      const key = JSON.stringify(schema);
      const validate = compiled.get(key) ?? ajv.compile(outside(schema));
      compiled.set(key, validate);
      return validate(value) ? undefined : ajv.errorsText(validate.errors);
    },
  };
}

/** A schema of the document outside of it: others are referred to by their names. */
const outside = (schema: unknown): object =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' ? value.replace('#/components/schemas/', '') : value,
  );

function valueAt(document: Json, pointer: string): unknown {
  const names = pointer.replace(/^#\//, '').split('/');
  return names
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, name) => recordOf(value)[name], document);
}

function routesOf(document: Json, resolve: (pointer: string) => unknown): readonly DescribedRoute[] {
  const resolved = (value: unknown): Json => {
    const { $ref, ...siblings } = recordOf(value);
    return typeof $ref === 'string' ? { ...recordOf(resolve($ref)), ...siblings } : recordOf(value);
  };
  return Object.entries(recordOf(document['paths'])).flatMap(([path, item]) =>
    Object.entries(recordOf(item))
      .filter(([method]) => METHODS.includes(method))
      .map(([method, value]) => {
        const operation = recordOf(value);
        const { parameters, requestBody, responses } = operation;
        return {
          route: `${method.toUpperCase()} ${path}`,
          operation,
          parameters: Array.isArray(parameters) ? parameters.map(resolved) : [],
          requestBody: requestBody === undefined ? undefined : recordOf(requestBody),
          responses: Object.fromEntries(
            Object.entries(recordOf(responses)).map(([status, response]) => [status, resolved(response)]),
          ),
        };
      }),
  );
}

function matches(route: string, of: { readonly method: string; readonly pathname: string }): boolean {
  const [method, template = ''] = route.split(' ');
  const pattern = template
    .replace('{model}', '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+')
    .replaceAll('/openapi.json', '/openapi\\.json');
  return method === of.method && new RegExp(`^${pattern}$`).test(of.pathname);
}
