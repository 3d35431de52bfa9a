"""How models, data sets, metrics and hyper-parameters are called in tables and figures, once.

A name that is not here is shown as its file's name with blanks, so that an addition needs no entry.
"""

import json

MODELS = {
    "beta_vae": "β-VAE",
    "factor_vae": "FactorVAE",
    "dip_vae_i": "DIP-VAE-I",
    "dip_vae_ii": "DIP-VAE-II",
    "beta_tc_vae": "β-TCVAE",
    "annealed_vae": "AnnealedVAE",
    "causal_vae": "CausalVAE",
    "conditional_vae": "ConditionVAE",
    "scene_ivae": "iVAE",
    "scene_beta_vae": "β-VAE",
    "ard_vae": "ARD-VAE",
    "rae": "RAE",
    "beta_vae_mse": "β-VAE (MSE)",
    "beta_vae_box_blur": "β-VAE (BoxBlurMSE)",
    "ada_gvae": "Ada-GVAE (MSE)",
    "ada_gvae_box_blur": "Ada-GVAE (BoxBlurMSE)",
    "oracle": "Oracle",
    "noise": "Noise",
}
DATASETS = {
    "dsprites": "dSprites",
    "color_dsprites": "Color-dSprites",
    "noisy_dsprites": "Noisy-dSprites",
    "scream_dsprites": "Scream-dSprites",
    "smallnorb": "SmallNORB",
    "cars3d": "Cars3D",
    "shapes3d": "Shapes3D",
    "xy_squares": "XYSquares",
    "pendulum": "Pendulum",
    "flow": "Flow",
    "mnist": "MNIST",
    "mnist_test": "MNIST (test)",
    **{f"linear_rank_{rank}": f"Gaussian of rank {rank}" for rank in (3, 5, 8)},
    **{f"xy_squares_{spacing}": f"XYSquares (spacing {spacing})" for spacing in range(1, 9)},
    "mpi3d_toy": "MPI3D (toy)",
    "mpi3d_realistic": "MPI3D (realistic)",
    "mpi3d_real": "MPI3D (real)",
    **{f"sparse_shift_{d}_{axis}": f"Sparse shift {d} ({axis})" for d in (5, 10, 15, 20) for axis in ("cells", "genes")},
}
METRICS = {
    "beta_vae_score.beta_vae_score": "BetaVAE score",
    "factor_vae_score.factor_vae_score": "FactorVAE score",
    "mig.mig": "MIG",
    "dci.disentanglement": "DCI disentanglement",
    "dci.dci": "DCI",
    "dci.completeness": "DCI completeness",
    "dci.informativeness": "DCI informativeness",
    "modularity.modularity": "Modularity",
    "explicitness.explicitness": "Explicitness",
    "sap.sap": "SAP",
    "explicitness.explicitness_test": "Explicitness",
    "mic_tic.mic": "MIC",
    "mic_tic.tic": "TIC",
    "mic_tic.mic_best": "MIC, best code",
    "mic_tic.tic_best": "TIC, best code",
    "effectiveness.set": "error of what was set",
    "effectiveness.effects": "error of the others",
    "effectiveness.set_still": "the same, unchanged picture",
    "effectiveness.effects_still": "the same, unchanged picture",
    "causal_graph.hamming": "structural Hamming distance",
    "causal_graph.missing": "missing edges",
    "causal_graph.wrong": "wrong edges",
    **{f"causal_graph.into_{j}": f"edges into {j}" for j in range(4)},
    "irs.irs": "IRS",
    "unsupervised.gaussian_total_correlation": "Total correlation",
    "unsupervised.gaussian_wasserstein_correlation": "Wasserstein correlation",
    "unsupervised.gaussian_wasserstein_correlation_norm": "Wasserstein correlation / variance",
    "unsupervised.mutual_info_score": "Mutual information of codes",
    "ard_relevance.relevant_axes": "Relevant axes",
    "fid.generated": "FID of generated images",
    "elbo.elbo": "ELBO",
    "elbo.reconstruction_loss": "Reconstruction loss",
    "elbo.kl": "KL",
    **{f"downstream.{kind}_{n}": f"{kind.upper()} {n:,}" for kind in ("lr", "gbt") for n in (10, 100, 1000, 10_000)},
    **{f"downstream.{kind}": f"{kind.upper()} accuracy" for kind in ("lr", "gbt")},
    **{f"downstream.{kind}_efficiency": f"Efficiency ({kind.upper()})" for kind in ("lr", "gbt")},
    **{
        f"unified.{matrix}.{aggregation}": f"{short} {called}"
        for matrix, short in {"mutual_information": "MI:", "gradient_boosting": "GBT:", "support_vector": "SVM:"}.items()
        for aggregation, called in {
            "disentanglement": "DCI-D",
            "completeness": "DCI-C",
            "mig": "MIG",
            "sap": "SAP",
            "modularity": "Modularity",
        }.items()
    },
    "latent_recovery.pearson": "MCC (Pearson)",
    "latent_recovery.spearman": "MCC (Spearman)",
    "latent_recovery.r2": "R²",
    **{f"target_recovery.{name.lower()}": name for name in ("Precision", "Recall", "F1")},
    **{f"target_recovery.{name.lower()}_released": f"{name} (released)" for name in ("Precision", "Recall", "F1")},
    "interventional_nll.nll": "I-NLL",
    "study.runs": "Models that the study states",
}
PARAMETERS = {"lambda_d_factor": "λ_d/λ_od", "c_max": "C_max"}
GREEK = {"beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "sigma": "σ", "omega": "ω"}


def model(name: str) -> str:
    """A method or control, as readers know it."""
    return MODELS.get(name, name.replace("_", " "))


def dataset(name: str) -> str:
    """A data set, as readers know it."""
    return DATASETS.get(name, name.replace("_", " "))


def metric(name: str) -> str:
    """A score, ``metric.score``, as readers know it; ``a ~ b`` is a correlation of two."""
    if " ~ " in name:
        return " ~ ".join(map(metric, name.split(" ~ ")))
    if "@" in name:
        plain, _, variation = name.partition("@")
        return f"{metric(plain)} ({variation.replace('_', ' ')})"
    family, _, score = name.partition(".")
    plain = score if score.startswith(family) or not score else f"{family} {score}"
    return METRICS.get(name, (plain or family).replace("_", " "))


def parameter(name: str) -> str:
    """A hyper-parameter, as papers write it: ``λ_od``, ``β``, ``particles``."""
    head, _, rest = name.partition("_")
    letter = "_".join(filter(None, [GREEK.get(head, ""), rest])) if head in GREEK else name.replace("_", " ")
    return PARAMETERS.get(name, letter)


def scores(listed: list[str]) -> list[str]:
    """Scores, ``metric.score``, as the columns of one table: scores of one metric alone go without its name."""
    if len({name.partition(".")[0] for name in listed}) > 1:
        return [metric(name) for name in listed]
    plain = [name.partition(".")[2].split("_") for name in listed]
    said = [" ".join(GREEK.get(word, word) for word in words) for words in plain]
    return [METRICS.get(name, text.replace("kl", "KL")) for name, text in zip(listed, said, strict=True)]


def settings(params: str) -> str:
    """Hyper-parameters, given as canonical JSON: ``β = 4``, ``λ_od = 5, λ_d/λ_od = 10``; empty for none."""
    return ", ".join(f"{parameter(key)} = {value:,}" for key, value in json.loads(params).items())


def listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
