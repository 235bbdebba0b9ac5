import Measures
import Tensors

/// Puts one sample after the other into a batch: cropped, mirrored, jittered and normalized.
struct SampleWriter: Sendable {
  /// The stream of random augmentations; without it nothing is random and crops are taken from the
  /// centre.
  var stream: RandomStream?

  private let augmentation: Augmentation
  private let input: Shape
  private let rows: Int
  private let columns: Int
  private let normalization: Normalization
  private let labelsPerSample: Int
  /// The intensity of each byte, 256 entries per channel; normalized unless colours are jittered
  /// first.
  private let table: [Float]
  private let isBounded: Bool

  /// A writer for samples of `dataset`.
  init(dataset: Dataset, augmentation: Augmentation) {
    precondition(
      augmentation.fits(dataset.input), "\(augmentation) doesn't fit images of \(dataset.input)")
    self.augmentation = augmentation
    input = dataset.input
    let output = augmentation.output(of: input)
    rows = output.dimensions[1]
    columns = output.dimensions[2]
    normalization = dataset.normalization
    labelsPerSample = dataset.isSegmentation ? rows * columns : 1
    let normalization = dataset.normalization
    table = (0..<input.dimensions[0]).flatMap { channel in
      (0..<256).map { byte in
        let intensity = Float(byte) / 255
        guard augmentation.jitter == nil else { return intensity }
        return (intensity - normalization.means[channel]) / normalization.deviations[channel]
      }
    }
    isBounded =
      switch dataset.pixels {
      case .bytes: true
      case .floats: false
      }
  }

  /// Writes sample `sample`, the stream's number `serial`, to place `place` of `batch`.
  func write(
    _ sample: Int, from dataset: Dataset, serial: Int, at place: Int, of batch: inout Batch
  ) {
    let (channels, height, width) = (input.dimensions[0], input.dimensions[1], input.dimensions[2])
    let size = channels * rows * columns
    precondition(
      batch.inputs.count == batch.capacity * size
        && batch.labels.count == batch.capacity * labelsPerSample,
      "a batch of \(batch.inputs.count) inputs and \(batch.labels.count) labels for "
        + "\(batch.capacity) samples of \(channels)×\(rows)×\(columns)")
    let draw =
      stream.map {
        AugmentationDraw(
          augmentation, height: height, width: width, rows: rows, columns: columns, stream: $0,
          serial: serial)
      } ?? AugmentationDraw(centreOf: height, width, rows: rows, columns: columns)
    let window = Window(draw, height: height, width: width, rows: rows, columns: columns)

    let isJittered = augmentation.jitter != nil
    for channel in 0..<channels {
      // SAFETY: the source plane lies in the data set's pixels, the target plane in the batch's
      // inputs, as checked above and by Dataset.
      unsafe batch.inputs.withUnsafeMutableBufferPointer { inputs in
        let start = place * size + channel * rows * columns
        let target = unsafe UnsafeMutableBufferPointer(
          rebasing: inputs[start..<start + rows * columns])
        let from = sample * input.count + channel * height * width
        let plane = from..<from + height * width
        switch dataset.pixels {
        case .bytes(let bytes):
          unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe table.withUnsafeBufferPointer { table in
              let entries = unsafe UnsafeBufferPointer(
                rebasing: table[channel * 256..<channel * 256 + 256])
              unsafe window.copy(
                UnsafeBufferPointer(rebasing: bytes[plane]), to: target, filling: entries[0]
              ) { unsafe entries[Int($0)] }
            }
          }
        case .floats(let floats):
          let mean = isJittered ? 0 : normalization.means[channel]
          let deviation = isJittered ? 1 : normalization.deviations[channel]
          unsafe floats.withUnsafeBufferPointer { floats in
            unsafe window.copy(
              UnsafeBufferPointer(rebasing: floats[plane]), to: target,
              filling: (0 - mean) / deviation
            ) { ($0 - mean) / deviation }
          }
        }
      }
    }
    if isJittered {
      // SAFETY: the image lies in the batch's inputs, as checked above.
      unsafe batch.inputs.withUnsafeMutableBufferPointer { inputs in
        let image = unsafe UnsafeMutableBufferPointer(
          rebasing: inputs[place * size..<(place + 1) * size])
        unsafe ColourChange(draw, isBounded: isBounded).apply(to: image, channels: channels)
        unsafe normalize(image)
      }
    }
    writeLabels(of: sample, from: dataset, window, at: place, of: &batch)
  }

  private func normalize(_ image: UnsafeMutableBufferPointer<Float>) {
    for channel in 0..<input.dimensions[0] {
      let (mean, deviation) = (normalization.means[channel], normalization.deviations[channel])
      // SAFETY: the image holds a plane of rows × columns for each channel.
      for index in channel * rows * columns..<(channel + 1) * rows * columns {
        unsafe image[index] = (image[index] - mean) / deviation
      }
    }
  }

  private func writeLabels(
    of sample: Int, from dataset: Dataset, _ window: Window, at place: Int, of batch: inout Batch
  ) {
    guard dataset.isSegmentation else {
      batch.labels[place] = Int32(dataset.labels[sample])
      return
    }
    let area = dataset.labelsPerSample
    // SAFETY: the source lies in the data set's labels, the target in the batch's, as checked by
    // the caller.
    unsafe batch.labels.withUnsafeMutableBufferPointer { labels in
      unsafe dataset.labels.withUnsafeBufferPointer { source in
        unsafe window.copy(
          UnsafeBufferPointer(rebasing: source[sample * area..<(sample + 1) * area]),
          to: UnsafeMutableBufferPointer(
            rebasing: labels[place * rows * columns..<(place + 1) * rows * columns]),
          filling: 0
        ) { Int32($0) }
      }
    }
  }
}
