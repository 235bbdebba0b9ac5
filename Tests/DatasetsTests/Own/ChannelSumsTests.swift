import Datasets
import Tensors
import Testing

/// Means and deviations of channels from sums.
struct ChannelSumsTests {
  private static func dataset(_ pixels: Pixels, channels: Int, samples: Int) -> Dataset {
    Dataset(
      name: "few", input: [channels, 1, pixels.count / channels / samples], classes: 2,
      normalization: .none(channels: channels), pixels: pixels,
      labels: Array(repeating: 0, count: samples))
  }

  @Test func `each channel has the mean and the deviation of its own intensities`() throws {
    // Two samples of two channels of two pixels.
    let bytes = Self.dataset(.bytes([0, 255, 51, 51, 255, 0, 51, 51]), channels: 2, samples: 2)
    let normalization = try #require(ChannelSums(bytes).normalization)
    #expect(normalization.means == [0.5, 0.2])
    // A channel that is the same everywhere is not divided by nothing.
    #expect(normalization.deviations == [0.5, 1])
    let floats = Self.dataset(.floats([-3, 3, 10, 14, -3, 3, 10, 14]), channels: 2, samples: 2)
    let wide = try #require(ChannelSums(floats).normalization)
    #expect(wide.means == [0, 12] && wide.deviations == [3, 2])
    #expect(bytes.normalized(by: normalization).normalization == normalization)
  }

  @Test func `sums of parts are those of the whole`() {
    let values = (0..<240).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let whole = ChannelSums(Self.dataset(.bytes(values), channels: 3, samples: 8))
    let parts = [0..<90, 90..<240].map { range in
      ChannelSums(
        Self.dataset(.bytes(Array(values[range])), channels: 3, samples: range.count / 30))
    }
    let sum = parts[0] + parts[1]
    #expect(sum.count == whole.count)
    for channel in 0..<3 {
      #expect(abs(sum.sums[channel] - whole.sums[channel]) < 1e-9)
      #expect(abs(sum.squares[channel] - whole.squares[channel]) < 1e-9)
    }
  }

  @Test func `nothing has no mean`() {
    #expect(
      ChannelSums(
        Dataset(
          name: "none", input: [1, 2, 2], classes: 2, normalization: .none(channels: 1),
          pixels: .bytes([]), labels: [])
      ).normalization == nil)
  }
}
