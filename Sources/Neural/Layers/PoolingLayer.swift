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
