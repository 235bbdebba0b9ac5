/// One layer of a network as a description: what it is called and what it does, no values.
///
/// Shapes: `C` channels, `H` rows, `W` columns of one sample; the batch is added when the network
/// is compiled. A layer with a name owns parameters, which are called "name.weight" and
/// "name.bias".
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
  /// Passes its input on and keeps it under a name, for a concatenation further on in the same
  /// block.
  case keep(String)
  /// Puts the channels of what was kept before those of the input, `[C, H, W]` to `[K + C, H, W]`.
  case concatenation(String)
}

/// A named part of a network that is trained, frozen, sent and averaged as one: a block or a head.
public struct Block: Hashable, Sendable {
  /// The name of its segment of parameters: "block1", "head1".
  public var name: String
  /// Its layers, in the order in which they are applied.
  public var layers: [Layer]
  /// Its layers on the way back from the blocks that lie inside it, as in a U-Net's decoder.
  public var returning: [Layer]

  /// A part of the given name and layers.
  public init(_ name: String, _ layers: [Layer], returning: [Layer] = []) {
    self.name = name
    self.layers = layers
    self.returning = returning
  }
}

/// An affine map, y = x Wᵀ + b.
///
/// Parameters: "name.weight" `[O, I]`, then "name.bias" `[O]` unless there is none.
public struct LinearLayer: Hashable, Sendable {
  /// The prefix of its parameters' names.
  public var name: String
  /// The scalars of the output, O.
  public var outputs: Int
  /// True if a bias is added.
  public var bias: Bool

  /// An affine map to `outputs` scalars.
  public init(_ name: String, outputs: Int, bias: Bool = true) {
    precondition(outputs > 0, "\(name): \(outputs) outputs")
    self.name = name
    self.outputs = outputs
    self.bias = bias
  }
}

/// The geometry of a pooling over square windows.
public struct PoolingLayer: Hashable, Sendable {
  /// The extent of the window along both axes.
  public var window: Int
  /// Steps between windows along both axes.
  public var stride: Int
  /// Padding on each side along both axes; never the largest value, never counted.
  public var padding: Int

  /// Windows of the given extent, side by side unless told otherwise.
  public init(window: Int, stride: Int? = nil, padding: Int = 0) {
    let stride = stride ?? window
    precondition(
      window > 0 && stride > 0 && padding >= 0 && 2 * padding <= window,
      "window \(window), stride \(stride), padding \(padding)")
    self.window = window
    self.stride = stride
    self.padding = padding
  }
}

/// A normalization with a learned scale and shift of each channel,
/// y = (x − mean) / √(variance + ε) · scale + shift.
///
/// Parameters: "name.weight" `[C]`, the scale, then "name.bias" `[C]`, the shift; a batch norm's
/// are followed by its buffers "name.running_mean" `[C]` and "name.running_var" `[C]`.
public struct NormalizationLayer: Hashable, Sendable {
  /// Over what mean and variance are taken.
  public enum Kind: Hashable, Sendable {
    /// Over the C/G neighbouring channels of each of `groups` groups, G, of one sample.
    case group(groups: Int)
    /// Over all samples of a batch and all positions, channel by channel.
    ///
    /// Training moves the running statistics by the share `momentum` towards the batch's;
    /// evaluation and frozen segments normalize by the running ones.
    case batch(momentum: Float)
  }

  /// The prefix of its parameters' names.
  public var name: String
  /// Over what mean and variance are taken.
  public var kind: Kind
  /// The number added to the variance, ε.
  public var epsilon: Float

  /// A normalization of the given kind.
  public init(_ name: String, _ kind: Kind, epsilon: Float = 1e-5) {
    switch kind {
    case .group(let groups): precondition(groups > 0, "\(name): \(groups) groups")
    case .batch(let momentum):
      precondition((0...1).contains(momentum), "\(name): a momentum of \(momentum)")
    }
    self.name = name
    self.kind = kind
    self.epsilon = epsilon
  }
}
