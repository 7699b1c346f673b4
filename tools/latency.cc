#include "tools/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pgmoult::tools {
namespace {

double Seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// Below 64 µs a bucket holds one value; from there on the five bits after the leading one choose among 32.
size_t LatencyHistogram::BucketOf(uint64_t micros) {
  micros = std::min(micros, (uint64_t{1} << kValueBits) - 1);
  const int shift = std::max(0, static_cast<int>(std::bit_width(micros)) - (kSubBits + 1));
  return (static_cast<size_t>(shift) << kSubBits) + static_cast<size_t>(micros >> shift);
}

uint64_t LatencyHistogram::TopOf(size_t bucket) {
  constexpr size_t kExact = size_t{2} << kSubBits;
  if (bucket < kExact) {
    return bucket;
  }
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t leading = bucket - (shift << kSubBits);
  return ((leading + 1) << shift) - 1;
}

void LatencyHistogram::Add(Duration value) {
  value = std::max(value, Duration(0));
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  ++counts_[BucketOf(static_cast<uint64_t>(micros))];
  ++count_;
  max_ = std::max(max_, value);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    counts_[bucket] += other.counts_[bucket];
  }
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

LatencyHistogram::Duration LatencyHistogram::Percentile(double percent) const {
  const auto wanted = static_cast<int64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
  int64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (counts_[bucket] > 0 && seen >= wanted) {
      return std::min<Duration>(std::chrono::microseconds(TopOf(bucket)), max_);
    }
  }
  return max_;
}

void LoadRecorder::NoteStall(TimePoint now) {
  current().longest_stall = std::max<std::chrono::nanoseconds>(current().longest_stall, now - last_finish_);
}

void LoadRecorder::Enter(LoadPhase phase, TimePoint now) {
  current().seconds += Seconds(now - phase_start_);
  phase_ = phase;
  phase_start_ = now;
}

void LoadRecorder::MarkSwap(TimePoint from, TimePoint to) { window_ = Window{from, to}; }

void LoadRecorder::Finished(TimePoint due, TimePoint now, int64_t retries) {
  NoteStall(now);
  last_finish_ = now;
  LoadFigures& figures = current();
  ++figures.transactions;
  figures.retries += retries;
  figures.latency.Add(now - due);
  if (!window_) {
    while (!recent_.empty() && recent_.front().finished < now - kKept) {
      recent_.pop_front();
    }
  }
  // Transactions of the window may finish late.
  if (!window_ || now <= window_->to + kKept) {
    recent_.push_back({due, now, retries});
  }
}

void LoadRecorder::End(TimePoint now) {
  NoteStall(now);
  current().seconds += Seconds(now - phase_start_);
  end_ = now;
}

std::optional<LoadFigures> LoadRecorder::SwapFigures() const {
  if (!window_) {
    return std::nullopt;
  }
  LoadFigures figures;
  const TimePoint to = std::min(window_->to, end_);
  figures.seconds = std::max(0.0, Seconds(to - window_->from));
  const auto note_gap = [&](TimePoint begin, TimePoint end) {
    if (end >= window_->from && begin <= to) {
      figures.longest_stall = std::max<std::chrono::nanoseconds>(figures.longest_stall, end - begin);
    }
  };
  for (size_t i = 0; i < recent_.size(); ++i) {
    const Sample& sample = recent_[i];
    if (i > 0) {
      note_gap(recent_[i - 1].finished, sample.finished);
    }
    figures.transactions += sample.finished >= window_->from && sample.finished <= to ? 1 : 0;
    if (sample.finished >= window_->from && sample.due <= to) {
      figures.latency.Add(sample.finished - sample.due);
      figures.retries += sample.retries;
    }
  }
  if (!recent_.empty() && last_finish_ == recent_.back().finished) {
    note_gap(last_finish_, end_);
  }
  return figures;
}

}  // namespace pgmoult::tools
