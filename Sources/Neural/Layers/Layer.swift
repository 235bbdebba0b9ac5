/// One layer of a network as a description: what it is called and what it does, no values.
///
/// Shapes: `C` channels, `H` rows, `W` columns of one sample; the batch is added when the network is
/// compiled. A layer with a name owns parameters, which are called "name.weight" and "name.bias".
public indirect enum Layer: Hashable, Sendable {
  /// A two-dimensional convolution, `[C, H, W]` to `[O, H', W']`.
  case convolution(ConvolutionLayer)
  /// A transposed convolution, `[C, H, W]` to `[O, H', W']`.
  case transposedConvolution(TransposedConvolutionLayer)
  /// An affine map, `[I]`, or any shape of I scalars in row-major order, to `[O]`.
  case linear(LinearLayer)
  /// max(x, 0), any shape.
  case relu
  /// Mean 0 and variance 1, then a learned scale and shift of each channel; `[C, …]`.
  case normalization(NormalizationLayer)
  /// body(x) + shortcut(x), of equal shapes; an empty shortcut is x itself.
  ///
  /// The parameters of the body come before those of the shortcut.
  case residual(body: [Layer], shortcut: [Layer])
  /// The largest value of each window, `[C, H, W]` to `[C, H', W']`.
  case maxPooling(PoolingLayer)
  /// The mean of each window, padding not counted, `[C, H, W]` to `[C, H', W']`.
  case averagePooling(PoolingLayer)
  /// The means of windows of about equal size that cover the image, as PyTorch places them,
  /// `[C, H, W]` to `[C, rows, columns]`.
  case adaptiveAveragePooling(rows: Int, columns: Int)
  /// The mean over all positions, `[C, H, W]` to `[C]`: adaptive average pooling to 1×1, flattened.
  case globalAveragePooling
  /// Zeroes scalars with probability `rate` in training and scales the others by 1 / (1 − rate).
  case dropout(rate: Double)
  /// The scalars in row-major order, `[C, H, W]` to `[C·H·W]`.
  case flatten
  /// Passes its input on and keeps it under a name, for a concatenation further on in the same block.
  case keep(String)
  /// Puts the channels of what was kept before those of the input, `[C, H, W]` to `[K + C, H, W]`.
  case concatenation(String)
}
