import {
  createPipeline,
  type PipelineDependencies,
  type PipelineHandler,
} from '../../middleware/pipeline.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { createProxyRoutes } from './routes.ts';

export interface ProxyPorts extends ProxyDependencies, PipelineDependencies {}

/** The inference plane. Every answer is streamed: a streamified handler behind a buffered method answers 502. */
export const createHandler = (ports: ProxyPorts): PipelineHandler =>
  createPipeline(ports, { routes: createProxyRoutes(ports), mode: 'streamed' });
