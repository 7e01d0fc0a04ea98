import {
  type CompiledTemplate,
  isRecord,
  type NamedResource,
  refuseProperty,
  resourcesOfType,
  textProperty,
} from './compiled-template.ts';
import type { Exchange } from './exchange.ts';
import {
  FALLBACKS,
  type Fallback,
  GATEWAY_RESPONSES,
  type GatewayRefusal,
  type GatewayResponseType,
  gatewayResponseFact,
} from './gateway-response-types.ts';

/** An answer that API Gateway gives by itself. */
export interface GatewayAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The template's gateway responses, compiled. */
export interface GatewayResponses {
  render(refusal: GatewayRefusal, exchange: Exchange): GatewayAnswer;
}

/** What a response is rendered from. */
interface Subject {
  readonly exchange: Exchange;
  readonly type: GatewayResponseType | Fallback;
  /** null where API Gateway has nothing to say. */
  readonly message: string | null;
  readonly authorizer: Readonly<Record<string, string | number>>;
}
type Render = (subject: Subject) => string | undefined;

interface Customisation {
  readonly status: number | undefined;
  readonly headers: readonly { readonly name: string; readonly value: Render }[];
  readonly body: Render | undefined;
}

/**
 * Compiles the template's AWS::ApiGateway::GatewayResponse resources. A type without one is answered by
 * DEFAULT_4XX or DEFAULT_5XX, whose status then replaces the type's own, and without those by AWS's defaults.
 * Throws on a response type, a parameter or a `$` variable that is not reproduced here.
 */
export function compileGatewayResponses(template: CompiledTemplate): GatewayResponses {
  const resources = resourcesOfType(template, 'AWS::ApiGateway::GatewayResponse');
  const customised = new Map(resources.map((resource) => [responseType(resource), customisation(resource)]));
  return {
    render(refusal, exchange) {
      const known = isFallback(refusal.type) ? undefined : gatewayResponseFact(refusal.type);
      const own = refusal.status ?? known?.status ?? 500;
      const custom =
        customised.get(refusal.type) ?? customised.get(own < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
      const message = refusal.message === '' ? (known?.message ?? null) : refusal.message;
      const subject = { exchange, type: refusal.type, message, authorizer: refusal.authorizer };
      return {
        status: custom?.status ?? own,
        headers: [...headersOf(custom, subject), ...errorTypeHeader(known?.errorType)],
        body: (custom?.body ?? DEFAULT_BODY)(subject) ?? '',
      };
    },
  };
}

function headersOf(custom: Customisation | undefined, subject: Subject): readonly string[] {
  const headers = (custom?.headers ?? []).flatMap(({ name, value }) => {
    const text = value(subject);
    return text === undefined ? [] : [name, text];
  });
  const typed = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type');
  return typed ? headers : ['Content-Type', 'application/json', ...headers];
}

const errorTypeHeader = (errorType: string | undefined): readonly string[] =>
  errorType === undefined ? [] : ['x-amzn-ErrorType', errorType];

const isFallback = (type: string): type is Fallback => FALLBACKS.some((fallback) => fallback === type);

function responseType(resource: NamedResource): GatewayResponseType | Fallback {
  const type = textProperty(resource, 'ResponseType') ?? '';
  if (isFallback(type)) return type;
  if (!Object.hasOwn(GATEWAY_RESPONSES, type)) refuseProperty(resource, 'ResponseType', `is ${type}`);
  return type as GatewayResponseType;
}

function customisation(resource: NamedResource): Customisation {
  const status = resource.properties['StatusCode'];
  if (status !== undefined && !/^[1-5]\d\d$/.test(String(status))) {
    refuseProperty(resource, 'StatusCode', 'is no HTTP status');
  }
  return {
    status: status === undefined ? undefined : Number(status),
    headers: entries(resource, 'ResponseParameters').map(([target, source]) => ({
      name: headerName(resource, target),
      value: compileParameter(resource, source),
    })),
    body: compileBody(resource),
  };
}

function headerName(resource: NamedResource, target: string): string {
  const [, name] = /^gatewayresponse\.header\.([!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.exec(target) ?? [];
  return name ?? refuseProperty(resource, 'ResponseParameters', `sets ${target}, which is no header`);
}

/** `'literal'`, `context.x` or `method.request.header.X`. */
function compileParameter(resource: NamedResource, source: string): Render {
  const [, literal] = /^'(.*)'$/s.exec(source) ?? [];
  if (literal !== undefined) return () => literal;
  const [, header] = /^method\.request\.header\.(.+)$/.exec(source) ?? [];
  if (header !== undefined) return ({ exchange }) => exchange.header(header.toLowerCase());
  const [, name] = /^context\.(.+)$/.exec(source) ?? [];
  return contextVariable(resource, name ?? source);
}

function compileBody(resource: NamedResource): Render | undefined {
  const [first, ...others] = entries(resource, 'ResponseTemplates');
  if (first === undefined) return undefined;
  if (first[0] !== 'application/json' || others.length > 0) {
    refuseProperty(resource, 'ResponseTemplates', 'has a template that is not application/json');
  }
  return compileTemplate(resource, first[1]);
}

/** `$context.x.y` or `${context.x.y}`; any other `$name` would need VTL, and is refused. */
const VARIABLE = /(\$\{?[A-Za-z]\w*(?:\.[A-Za-z]\w*)*\}?)/;

/** Splits a text at its variables. */
function compileTemplate(resource: NamedResource, text: string): Render {
  const pieces = text.split(VARIABLE).map((piece, index): Render => {
    if (index % 2 === 0) return () => piece;
    // Without its own opening brace a closing one belongs to the text around the variable.
    const braced = piece.startsWith('${');
    const rest = !braced && piece.endsWith('}') ? '}' : '';
    const [, name] = /^\$\{?context\.([\w.]+)\}?$/.exec(piece) ?? [];
    const value = contextVariable(resource, name ?? piece);
    return (subject) => (value(subject) ?? '') + rest;
  });
  return (subject) => pieces.map((piece) => piece(subject) ?? '').join('');
}

const VARIABLES: Readonly<Record<string, Render>> = {
  'error.message': ({ message }) => message ?? '',
  'error.messageString': ({ message }) => JSON.stringify(message),
  'error.responseType': ({ type }) => type,
  // Only a request validator says more.
  'error.validationErrorString': () => '',
  requestId: ({ exchange }) => exchange.requestId,
  extendedRequestId: ({ exchange }) => exchange.extendedRequestId,
  httpMethod: ({ exchange }) => exchange.method,
  path: ({ exchange }) => exchange.stagePath,
  protocol: ({ exchange }) => exchange.protocol,
  stage: ({ exchange }) => exchange.api.stage,
  apiId: ({ exchange }) => exchange.api.apiId,
  accountId: ({ exchange }) => exchange.api.accountId,
  requestTimeEpoch: ({ exchange }) => String(exchange.receivedAtMs),
  'identity.sourceIp': ({ exchange }) => exchange.sourceIp,
  'identity.userAgent': ({ exchange }) => exchange.header('user-agent'),
};

/**
 * `authorizer.<property>` is the authorizer's own context, as text, and nothing where it has no such property.
 * Only a refusal by its policy carries it here, so elsewhere it is refused. Source: "Variables for data
 * transformations" of the API Gateway developer guide.
 */
const AUTHORIZER_PROPERTY = /^authorizer\.(\w+)$/;

function contextVariable(resource: NamedResource, name: string): Render {
  const [, property] = AUTHORIZER_PROPERTY.exec(name) ?? [];
  if (property !== undefined && responseType(resource) === 'ACCESS_DENIED') {
    return ({ authorizer }) =>
      Object.hasOwn(authorizer, property) ? String(authorizer[property]) : undefined;
  }
  const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
  return variable ?? refuseProperty(resource, 'the response', `uses ${name}, which is not reproduced`);
}

const DEFAULT_BODY: Render = ({ message }) => `{"message":${JSON.stringify(message)}}`;

function entries(resource: NamedResource, property: string): readonly (readonly [string, string])[] {
  const map = resource.properties[property];
  if (map === undefined) return [];
  if (!isRecord(map)) return refuseProperty(resource, property, 'is no map');
  return Object.entries(map).map(([name, value]) => {
    if (typeof value !== 'string') refuseProperty(resource, `${property}.${name}`, 'is not text');
    return [name, value] as const;
  });
}
