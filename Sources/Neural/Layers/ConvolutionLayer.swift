/// A two-dimensional convolution, y = x ∗ w + b, with square windows.
///
/// Parameters: "name.weight" `[O, I, k, k]`, then "name.bias" `[O]` unless there is none.
public struct ConvolutionLayer: Hashable, Sendable {
  /// The prefix of its parameters' names.
  public var name: String
  /// The channels of the output, O.
  public var outputs: Int
  /// The extent of the window along both axes, k.
  public var window: Int
  /// Steps between windows along both axes.
  public var stride: Int
  /// Zeros on each side along both axes.
  public var padding: Int
  /// True if a bias is added.
  public var bias: Bool

  /// A convolution to `outputs` channels.
  public init(
    _ name: String, outputs: Int, window: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true
  ) {
    precondition(
      outputs > 0 && window > 0 && stride > 0 && padding >= 0,
      "\(name): \(outputs) outputs, window \(window), stride \(stride), padding \(padding)")
    self.name = name
    self.outputs = outputs
    self.window = window
    self.stride = stride
    self.padding = padding
    self.bias = bias
  }
}

/// A two-dimensional transposed convolution with square windows: each pixel is spread over a
/// window.
///
/// `[I, H, W]` to `[O, H', W']`, H' = (H − 1) · stride − 2 · padding + k.
/// Parameters: "name.weight" `[I, O, k, k]`, then "name.bias" `[O]` unless there is none.
public struct TransposedConvolutionLayer: Hashable, Sendable {
  /// The prefix of its parameters' names.
  public var name: String
  /// The channels of the output, O.
  public var outputs: Int
  /// The extent of the window along both axes, k.
  public var window: Int
  /// Steps between windows along both axes of the output.
  public var stride: Int
  /// The rows and columns cut off on each side of the output.
  public var padding: Int
  /// True if a bias is added.
  public var bias: Bool

  /// A transposed convolution to `outputs` channels; its windows lie side by side unless told
  /// otherwise.
  public init(
    _ name: String, outputs: Int, window: Int, stride: Int? = nil, padding: Int = 0,
    bias: Bool = true
  ) {
    let stride = stride ?? window
    precondition(
      outputs > 0 && window > 0 && stride > 0 && padding >= 0,
      "\(name): \(outputs) outputs, window \(window), stride \(stride), padding \(padding)")
    self.name = name
    self.outputs = outputs
    self.window = window
    self.stride = stride
    self.padding = padding
    self.bias = bias
  }
}
