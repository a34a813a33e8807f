/** A style of the library. */
export interface Style {
  id: string;
  /** Names by language: "en" is always there. */
  names: { en: string; [language: string]: string };
  artist?: string;
  year?: number;
}

export interface StylizeOptions {
  /** Id of a style. */
  style: string;
  /** 0: the photograph, 1: the full style. Default 1. */
  strength?: number;
  /** Pixels of the longer side; 0 or absent: as the picture. */
  size?: number;
  /** Keep the photograph's colours. Default false. */
  preserveColor?: boolean;
}

export interface LoadOptions {
  /** Where worker.js, the engine and models.bin lie; default: beside stylize.js. */
  base?: string | URL;
  /** Called with 0 to 1 while the models are fetched. */
  progress?: (done: number) => void;
}

/** What went wrong: a text of the library, or of the browser. */
export class StylizeError extends Error {}

export class Stylizer {
  /** Fetches engine and models, and starts a worker. Rejects with a StylizeError. */
  static load(options?: LoadOptions): Promise<Stylizer>;
  readonly styles: readonly Style[];
  /** Paints a picture. Calls may overlap: they are answered in order. The picture is copied. */
  stylize(picture: ImageData, options: StylizeOptions): Promise<ImageData>;
  /** Ends the worker; what waits is rejected. */
  close(): void;
}
