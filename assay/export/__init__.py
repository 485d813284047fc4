"""A configuration of a finished run as an object of another framework: LangChain, LlamaIndex, MLflow.

    import assay
    from assay.export import langchain

    retriever = langchain.as_retriever(assay.load_pipeline("runs/quickstart"))

Each module imports its framework when one of its functions is called.
"""
