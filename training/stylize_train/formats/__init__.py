"""Networks as files: safetensors with a graph, 8-bit weights, TorchScript, ONNX."""
