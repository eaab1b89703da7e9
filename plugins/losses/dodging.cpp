// Sharif et al., "Accessorize to a Crime: Real and Stealthy Attacks on State-of-the-Art Face Recognition", CCS 2016,
// whose dodging leads a face away from its own person, whoever it then resembles; here on embeddings.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

#include <tuple>

namespace {

using namespace faceoff;

/// At the clean picture itself the dot product is at its highest, so that its gradient there is next to nothing and
/// points anywhere: an augmentation or a random start gives the first step its direction.
class Dodging : public Loss {
 public:
  static void describe(Schema<Dodging>& s) {
    s.name("dodging").summary("Leads a face away from its own person: the mean dot product with its own embeddings");
    s.cites("Sharif et al., Accessorize to a Crime, CCS 2016, on embeddings");
    s.param("centre", &Dodging::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
    s.param("worst", &Dodging::worst_, "only the view of each picture that is most like its own person counts");
  }

  Field needs() const override { return Field::embedding | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor like =
        mean_similarity(adversarial.embedding, reference.own, centre_ ? reference.mean : at::Tensor());
    return worst_ ? like * is_worst(like.detach(), reference.subject) : like;
  }

 private:
  /// 1 for the rows that no other row of their subject exceeds, else 0.
  static at::Tensor is_worst(const at::Tensor& values, const at::Tensor& subject) {
    const at::Tensor group = std::get<1>(at::_unique(subject, true, true));
    const at::Tensor most = at::full_like(values, -2).scatter_reduce(0, group, values, "amax");
    return (values == most.index_select(0, group)).to(values.scalar_type());
  }

  bool centre_ = false, worst_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Dodging>();
}
